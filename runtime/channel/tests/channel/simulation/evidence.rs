//! Evidence made for one session: what a node's hardware signs, and what is found of it.

use cloister_channel::session::{EvidenceWanted, PeerProven};
use cloister_channel::{Established, Freshness, LeaseClaims};

use super::end::Phase;
use super::run::Run;
use super::schedule::Who;
use crate::world::session_evidence;

impl Run<'_> {
    /// The hardware of a node signs what a session wants, or the node gives up.
    pub(super) fn evidence(&mut self, number: usize, side: usize, wanted: &EvidenceWanted) {
        let end = &self.connections[number].ends[side];
        let who = Who { node: end.node, boot: end.boot };
        self.step(who, |run| {
            let fails = run.now < run.weather.calm && run.random.chance(run.weather.no_evidence);
            let made = if fails { None } else { run.signed(who, wanted) };
            let shown = run.nodes[who.node].clock.now(run.now);
            let end = &mut run.connections[number].ends[side];
            let now = end.given(shown);
            let Phase::Proving(session) = &mut end.phase else { return };
            match made {
                Some(envelope) => {
                    end.made = Some(envelope.clone());
                    let awaited = session.provide(envelope, now).is_ok();
                    run.count("evidence.made");
                    run.rule(awaited, |_| format!("#{number}.{side}: Evidence not awaited"));
                }
                None => {
                    session.handle_end();
                    run.count("evidence.none");
                }
            }
            run.pump(number, side);
        });
    }

    /// The lease in use may be a later one than the session's, under another channel key: what is
    /// signed is about the keys that the session names.
    fn signed(&self, who: Who, wanted: &EvidenceWanted) -> Option<Vec<u8>> {
        let running = self.nodes[who.node].running.as_ref()?;
        let claims = running.standing.as_ref()?.credentials.lease().claims();
        let (identity_key, channel_key) = (wanted.identity_key, wanted.channel_key);
        let claims = LeaseClaims { identity_key, channel_key, ..claims.clone() };
        Some(session_evidence(&claims, *wanted.exporter).encode())
    }

    /// Whether a peer that proved who it is has shown what this node demands. A node that demands
    /// Evidence has it appraised, which finds whatever was altered in it; another node leaves it.
    pub(super) fn appraise(&mut self, number: usize, side: usize, proven: &PeerProven) -> bool {
        let ends = &self.connections[number].ends;
        let shown = proven.evidence.as_ref().map(|evidence| evidence.envelope());
        let genuine = shown == ends[1 - side].made.as_deref();
        let demanded = self.nodes[ends[side].node].demands.freshness == Freshness::Session;
        if demanded {
            self.rule(shown.is_some(), |_| format!("#{number}.{side}: no Evidence was shown"));
            return genuine;
        }
        if !genuine {
            // Nothing but this Evidence was altered, and nobody here asked for it.
            self.connections[number].ends[side].misled = false;
        }
        true
    }

    /// Whether a verdict rests on Evidence for the session, if either end demands that.
    pub(super) fn is_fresh_enough(&self, number: usize, verdict: &Established) -> bool {
        let ends = &self.connections[number].ends;
        let demanded =
            ends.iter().any(|end| self.nodes[end.node].demands.freshness == Freshness::Session);
        !demanded || verdict.freshness() == Freshness::Session
    }
}
