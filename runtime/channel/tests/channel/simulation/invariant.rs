//! The rules that hold at every step of every run.

use cloister_channel::life::{Ending, PeerRenewed};
use cloister_channel::{Decision, Established};

use super::clock::Ms;
use super::end::{Connection, Phase, Records};
use super::run::{Run, name};
use super::schedule::Who;
use crate::world::agent;

/// How long a channel may live on after a rule says that it must not.
const GRACE: Ms = 1_000;

/// Long enough after faults have stopped for every node to have renewed.
const SETTLING: Ms = 15_000;

/// Who has a channel has heard an answer on it within this time.
const LATELY: Ms = 12_000;

impl Run<'_> {
    /// Before a verdict each side says one proof, the responder only after its own acceptance.
    pub(super) fn check_proof(&mut self, number: usize, side: usize) {
        let connection = &self.connections[number];
        let first = connection.said[side][0].is_none();
        let accepted = side == 0 || connection.ends[side].decision == Some(Decision::Accept);
        self.rule(first && accepted, |_| format!("#{number}.{side}: spoke before its verdict"));
    }

    /// A verdict is about the node at the other end of this very connection, which was meant, and
    /// which accepted as well.
    pub(super) fn check_established(&mut self, number: usize, side: usize, verdict: &Established) {
        let Connection { ends, want, .. } = &self.connections[number];
        let (own, other, want) = (&ends[side], &ends[1 - side], *want);
        let peer = self.stage.identity(other.boot).instance();
        let meant = agent(&name(self.nodes[ends[0].node].wants[want]));
        let reached = &self.nodes[ends[1].node].agent;
        let rules = [
            (!self.relayed(number), "over two different connections"),
            (self.is_fresh_enough(number, verdict), "without the Evidence that an end demands"),
            (verdict.peer().instance == peer, "with somebody else than the other end"),
            (*reached == meant, "with another agent than was meant"),
            (!own.misled, "over bytes that the peer never sent"),
            (own.decision == Some(Decision::Accept), "without an acceptance"),
            (other.decision == Some(Decision::Accept), "before the peer accepted"),
        ];
        for (holds, what) in rules {
            self.rule(holds, |_| format!("#{number}.{side}: established {what}"));
        }
    }

    /// A renewal is believed of the node at the other end, which sent it.
    pub(super) fn check_renewed(&mut self, number: usize, side: usize, renewed: &PeerRenewed) {
        let ends = &self.connections[number].ends;
        let other = ends[1 - side].boot;
        let peer = self.stage.identity(other).instance();
        let (claims, latest) = (renewed.lease.claims(), self.verifier.lease_end(other));
        let rules = [
            (claims.instance() == peer, "of somebody else"),
            (claims.expires_at <= latest, "that nobody issued"),
            (!self.relayed(number), "over two different connections"),
            (ends[side].open().is_none_or(|open| !open.misled), "that the peer never sent"),
        ];
        for (holds, what) in rules {
            self.rule(holds, |_| format!("#{number}.{side}: believed a renewal {what}"));
        }
    }

    /// While everybody renews and nobody interferes, no lease's end ends a channel.
    pub(super) fn check_ending(&mut self, number: usize, side: usize, ending: &Ending) {
        let cut = matches!(ending, Ending::LeaseEnded { .. })
            && self.connections[number].attack.is_none()
            && self.now > self.weather.calm + SETTLING;
        self.rule(!cut, |_| format!("#{number}.{side}: cut although it was renewed, {ending}"));
    }

    /// Every proof believed has its decision, and every end one verdict.
    pub(super) fn check_records(&mut self, number: usize, side: usize) {
        let end = &self.connections[number].ends[side];
        let records = end.records;
        let Records { proven, decisions, established, refused, closed, .. } = records;
        let one_verdict = match (established, refused, closed) {
            (1, 0, 1) => proven == 1 && decisions == 1,
            (0, 1, 0) => proven <= 1 && decisions <= proven,
            _ => false,
        };
        let judged = [records.renewals_decided, records.renewals_decided + 1];
        let one_verdict = one_verdict && judged.contains(&records.renewals);
        self.rule(one_verdict, |_| format!("#{number}.{side}: ended with {records:?}"));
    }

    /// No channel outlives its permission by more than a second.
    pub(super) fn check_open(&mut self) {
        for number in self.live.clone() {
            for side in [0, 1] {
                let end = &self.connections[number].ends[side];
                if end.open().is_none() {
                    continue;
                }
                let overdue = self.overdue(number, side);
                let end = &mut self.connections[number].ends[side];
                for (since, over) in end.overdue.iter_mut().zip(overdue) {
                    *since = if over { since.or(Some(self.now)) } else { None };
                }
                let late = end.overdue.map(|since| since.is_some_and(|s| self.now - s > GRACE));
                let rules = ["the lease's end", "a revocation", "a policy change"];
                for (late, rule) in late.into_iter().zip(rules) {
                    self.rule(!late, |_| format!("#{number}.{side}: open a second after {rule}"));
                }
            }
        }
    }

    /// Whether an open end must not be open: by lease, by revocation, by policy epoch.
    fn overdue(&self, number: usize, side: usize) -> [bool; 3] {
        let ends = &self.connections[number].ends;
        let (own, other) = (&ends[side], &ends[1 - side]);
        let Some(open) = own.open() else { return [false; 3] };
        let now = self.nodes[own.node].clock.now(self.now);
        let (held, shown) = (open.life.lease().claims(), open.life.own_lease().claims());
        let issued = [own.boot, other.boot].map(|boot| self.verifier.lease_end(boot));
        let ends = issued.into_iter().chain([held.expires_at, shown.expires_at]);
        let ended = ends.min().is_some_and(|end| end <= now);
        let hears = self.hears(Who { node: own.node, boot: own.boot });
        let revoked = [own.boot, other.boot].iter().any(|b| self.verifier.revoked.contains_key(b));
        let stale = held.policy_epoch.min(shown.policy_epoch) < self.verifier.floor.0;
        [ended, hears && revoked, hears && stale]
    }

    /// Whether a node hears what its Verifier says.
    fn hears(&self, who: Who) -> bool {
        let running = self.nodes[who.node].running.as_ref();
        running.and_then(|r| r.watching).is_some_and(|since| since <= self.now)
    }

    /// Long after faults have stopped, everybody has the channels that they want, and nothing hangs.
    pub(super) fn check_end(&mut self) {
        for node in 0..self.nodes.len() {
            for want in 0..self.nodes[node].wants.len() {
                let boot = self.nodes[node].running.as_ref().map(|running| running.boot);
                let there = self.connections.iter().any(|connection| {
                    Some(connection.ends[0].boot) == boot
                        && connection.want == want
                        && connection.answered.is_some_and(|at| at + LATELY > self.now)
                });
                self.rule(there, |_| format!("node {node} never gets its channel {want}"));
            }
        }
        for number in self.live.clone() {
            for side in [0, 1] {
                let Connection { ends, since, .. } = &self.connections[number];
                let proving = matches!(ends[side].phase, Phase::Proving(_));
                let hangs = proving && *since < self.weather.calm;
                self.rule(!hangs, |_| format!("#{number}.{side}: hangs before its verdict"));
            }
        }
    }
}
