//! Carrying what the ends of a connection say, and acting on what happens at them: the part that a
//! runtime's tasks have.

use cloister_attestation::code::Diagnostic as _;
use cloister_channel::session::{Misuse, SessionError};
use cloister_channel::{Decision, Established, life, session};

use super::end::{Happened, Phase};
use super::link::{Loot, Message, Payload, Segment, attacked};
use super::open::Open;
use super::run::Run;
use super::schedule::{Event, Who};

pub(super) const PING: &[u8] = b"ping";
const PONG: &[u8] = b"pong";

impl Run<'_> {
    /// Sends what an end wants to send and acts on what happened at it, until nothing is left.
    pub(super) fn pump(&mut self, number: usize, side: usize) {
        loop {
            let proving = matches!(self.connections[number].ends[side].phase, Phase::Proving(_));
            let message = if proving { Message::Proof } else { Message::Renewal };
            let (said, happened) = self.connections[number].ends[side].polled();
            if said.is_empty() && happened.is_empty() {
                return;
            }
            said.into_iter().for_each(|bytes| self.say(number, side, message, bytes));
            happened.into_iter().for_each(|event| self.happened(number, side, event));
        }
    }

    fn happened(&mut self, number: usize, side: usize, happened: Happened) {
        match happened {
            Happened::Session(session::Event::EvidenceWanted(wanted)) => {
                let at = self.now + self.random.between(1, 400);
                self.schedule.at(at, Event::Evidence(number, side, wanted));
            }
            Happened::Session(session::Event::PeerProven(proven)) => {
                self.connections[number].ends[side].records.proven += 1;
                if self.appraise(number, side, &proven) {
                    self.ask(number, side);
                } else {
                    self.schedule.at(self.now + 1, Event::Decide(number, side, Decision::Refuse));
                }
            }
            Happened::Session(session::Event::Established(verdict)) => {
                self.established(number, side, *verdict);
            }
            Happened::Session(session::Event::Refused(error)) => {
                self.refused(number, side, &error);
            }
            Happened::Life(life::Event::PeerRenewed(renewed)) => {
                self.connections[number].ends[side].records.renewals += 1;
                self.check_renewed(number, side, &renewed);
                self.count("renewed");
                self.ask(number, side);
            }
            Happened::Life(life::Event::Ended(ending)) => {
                self.check_ending(number, side, &ending);
                self.close(number, side, ending.code().id);
            }
            other @ (Happened::Session(_) | Happened::Life(_)) => {
                self.rule(false, |_| format!("#{number}: unknown event {other:?}"));
            }
        }
    }

    /// Asks policy, which takes its time.
    fn ask(&mut self, number: usize, side: usize) {
        let refuses = self.now < self.weather.calm && self.random.chance(self.weather.refusals);
        let decision = if refuses { Decision::Refuse } else { Decision::Accept };
        let at = self.now + self.random.between(1, 50);
        self.schedule.at(at, Event::Decide(number, side, decision));
    }

    fn established(&mut self, number: usize, side: usize, mut verdict: Established) {
        self.connections[number].ends[side].records.established += 1;
        self.check_established(number, side, &verdict);
        self.count("established");
        self.note(|_| format!("#{number}.{side}: established"));
        let first = verdict.take_first_bytes();
        let node = self.connections[number].ends[side].node;
        let Some(trust) = self.trust(node) else { return };
        let open = Open::new(verdict, trust, self.nodes[node].clock.now(self.now), self.now);
        let lives = open.life.deadline().is_some();
        self.connections[number].ends[side].phase = Phase::Open(Box::new(open));
        match side {
            // The first byte is an application's: it tells the responder of the verdict.
            0 if lives => {
                self.send(number, side, vec![Segment::honest(Payload::Bytes(PING.to_vec()))])
            }
            1 if lives => self.hear(number, side, &first),
            _ => {}
        }
        self.catch_up(number, side);
        self.pump(number, side);
    }

    fn refused(&mut self, number: usize, side: usize, error: &SessionError) {
        self.note(|_| format!("#{number}.{side}: refused, {error}"));
        self.connections[number].ends[side].records.refused += 1;
        self.count(error.code().id);
        self.over(number, side);
    }

    /// Ends an established channel.
    fn close(&mut self, number: usize, side: usize, why: &'static str) {
        self.note(|_| format!("#{number}.{side}: {why}"));
        self.connections[number].ends[side].records.closed += 1;
        self.count(why);
        self.over(number, side);
    }

    fn over(&mut self, number: usize, side: usize) {
        let end = &mut self.connections[number].ends[side];
        end.phase = Phase::Over;
        self.check_records(number, side);
        self.send(number, side, vec![Segment::honest(Payload::End)]);
    }

    pub(super) fn decide(&mut self, number: usize, side: usize, decision: Decision) {
        let end = &self.connections[number].ends[side];
        let who = Who { node: end.node, boot: end.boot };
        self.step(who, |run| {
            let shown = run.nodes[who.node].clock.now(run.now);
            let end = &mut run.connections[number].ends[side];
            let now = end.given(shown);
            let awaited = match &mut end.phase {
                Phase::Proving(session) => {
                    end.decision = Some(decision);
                    end.records.decisions += 1;
                    session.decide(decision, now)
                }
                Phase::Open(open) => {
                    end.records.renewals_decided += 1;
                    let answered = open.life.decide(decision, shown);
                    // Time may have ended the channel just now.
                    if answered == Err(Misuse::Over) { Ok(()) } else { answered }
                }
                Phase::Over => Ok(()),
            };
            run.rule(awaited.is_ok(), |_| format!("#{number}.{side}: decision not awaited"));
            run.pump(number, side);
        });
    }

    /// Puts a proof or a renewal on the way, through the adversary's hands if one sits there.
    fn say(&mut self, number: usize, side: usize, message: Message, bytes: Vec<u8>) {
        if message == Message::Proof {
            self.check_proof(number, side);
        }
        let kept = usize::from(message == Message::Renewal);
        let connection = &mut self.connections[number];
        let own = connection.said[1 - side][kept].clone();
        connection.said[side][kept] = Some(bytes.clone());
        let key = (connection.ends[side].boot, kept);
        let loot = Loot { earlier: self.loot.insert(key, bytes.clone()), own };
        let aimed = connection.attack.filter(|a| a.message == message && a.side == side);
        let pieces = match aimed {
            Some(aimed) => attacked(aimed, bytes, loot, &mut self.random),
            None => vec![(bytes, false)],
        };
        let payload = |piece: Vec<u8>| match message {
            _ if piece.is_empty() => Payload::End,
            Message::Proof => Payload::Bytes(piece),
            Message::Renewal => Payload::Renewal(piece),
        };
        let segments =
            pieces.into_iter().map(|(piece, forged)| Segment { payload: payload(piece), forged });
        let segments = segments.collect();
        self.send(number, side, segments);
    }

    /// Puts segments on the way. What is lost is sent again, later each time.
    pub(super) fn send(&mut self, number: usize, side: usize, segments: Vec<Segment>) {
        let mut takes = self.random.between(1, self.weather.latency);
        let mut again = 200;
        while self.random.chance(self.weather.loss) {
            takes += again;
            again *= 2;
        }
        let arrives = self.connections[number].directions[side].push(segments, self.now + takes);
        self.schedule.at(arrives, Event::Arrive(number, 1 - side));
    }

    /// Something arrives at `side`, or waits for the network to heal.
    pub(super) fn arrive(&mut self, number: usize, side: usize) {
        let ends = &self.connections[number].ends;
        if self.nodes[ends[0].node].part != self.nodes[ends[1].node].part {
            self.schedule.at(self.now + 500, Event::Arrive(number, side));
            return;
        }
        let who = Who { node: ends[side].node, boot: ends[side].boot };
        let segments = self.connections[number].directions[1 - side].queue.pop_front();
        self.step(who, |run| {
            for segment in segments.unwrap_or_default() {
                run.take_in(number, side, segment);
            }
        });
    }

    fn take_in(&mut self, number: usize, side: usize, segment: Segment) {
        let shown = self.nodes[self.connections[number].ends[side].node].clock.now(self.now);
        let end = &mut self.connections[number].ends[side];
        let now = end.given(shown);
        let taken = match (&mut end.phase, segment.payload) {
            (Phase::Proving(session), Payload::Bytes(bytes) | Payload::Renewal(bytes)) => {
                end.misled |= segment.forged;
                session.handle_bytes(&bytes, now)
            }
            (Phase::Proving(session), Payload::End) => {
                session.handle_end();
                Ok(())
            }
            (Phase::Open(_), Payload::Bytes(bytes)) => {
                self.hear(number, side, &bytes);
                Ok(())
            }
            (Phase::Open(open), Payload::Renewal(bytes)) => {
                open.misled |= segment.forged;
                open.heard = self.now;
                open.life.handle_bytes(&bytes, shown)
            }
            (Phase::Open(open), Payload::End) => {
                open.life.handle_end();
                Ok(())
            }
            (Phase::Over, _) => Ok(()),
        };
        self.rule(taken.is_ok(), |_| format!("#{number}.{side}: a live end took no bytes"));
        self.pump(number, side);
    }

    /// An application hears something.
    fn hear(&mut self, number: usize, side: usize, bytes: &[u8]) {
        let Phase::Open(open) = &mut self.connections[number].ends[side].phase else { return };
        open.heard = self.now;
        match (side, bytes) {
            (1, PING) => {
                open.spoke = self.now;
                self.send(number, side, vec![Segment::honest(Payload::Bytes(PONG.to_vec()))]);
            }
            (0, PONG) => self.connections[number].answered = Some(self.now),
            _ => self
                .rule(false, |_| format!("#{number}.{side}: heard {} strange bytes", bytes.len())),
        }
    }
}
