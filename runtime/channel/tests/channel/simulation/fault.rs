//! What goes wrong, and how it stops.

use std::sync::Arc;

use super::end::{Phase, side};
use super::link::{Payload, Segment};
use super::run::Run;
use super::schedule::{Event, Who};
use super::verifier::Applicant;
use super::weather::{CALM_SKEW, Fault};

impl Run<'_> {
    pub(super) fn fault(&mut self, fault: Fault) {
        self.note(|_| format!("{fault:?}"));
        match fault {
            Fault::ClockJump(node, by) => self.nodes[node].clock.offset += by,
            Fault::Partition(parts) => self.partition(parts),
            Fault::Heal => self.partition(0),
            Fault::VerifierDown => {
                self.verifier.up = false;
                self.deafen(|_| true);
            }
            Fault::VerifierUp => self.verifier.up = true,
            Fault::CutOff(node) => {
                self.nodes[node].online = false;
                self.deafen(|n| n == node);
            }
            Fault::Reconnect(node) => self.nodes[node].online = true,
            Fault::Revoke(many) => (0..many).for_each(|_| self.revoke()),
            Fault::Restore => self.restore(),
            Fault::RaiseFloor => {
                self.verifier.raise_floor(self.now);
                self.count("verifier.floor");
                self.announce();
            }
            Fault::PublishKey => {
                self.verifier.publish_next_key();
                self.announce();
            }
            Fault::SignWithNextKey => self.verifier.sign_with_next_key(),
            Fault::Crash(node) => self.crash(node),
        }
    }

    fn partition(&mut self, parts: u64) {
        for (number, node) in self.nodes.iter_mut().enumerate() {
            node.part = parts >> number & 1 == 1;
        }
    }

    fn revoke(&mut self) {
        let standing: Vec<_> =
            self.running().into_iter().filter(|who| self.admitted(*who)).collect();
        if standing.is_empty() {
            return;
        }
        let who = *self.random.pick(&standing);
        let node = &self.nodes[who.node];
        let Some(running) = &node.running else { return };
        let identity = Arc::clone(&running.identity);
        let applicant = Applicant { boot: who.boot, agent: &node.agent, identity: &identity };
        self.verifier.revoke(self.now, &applicant);
        self.count("verifier.revoked");
        self.note(|_| format!("node {} is revoked", who.node));
        self.announce();
    }

    fn admitted(&self, who: Who) -> bool {
        let running = self.nodes[who.node].running.as_ref();
        let held = running.is_some_and(|running| running.standing.is_some());
        held && !self.verifier.revoked.contains_key(&who.boot)
    }

    fn restore(&mut self) {
        if self.verifier.restore().is_some() {
            self.announce();
        }
    }

    /// Tells the Verifier's latest change.
    fn announce(&mut self) {
        let before = self.verifier.sequence().saturating_sub(1);
        let latest = self.verifier.since(before).last().cloned();
        if let (true, Some(change)) = (self.verifier.up, latest) {
            self.broadcast(&change);
        }
    }

    /// A node goes away without a word, or with its operating system's.
    pub(super) fn crash(&mut self, node: usize) {
        if self.nodes[node].running.take().is_none() {
            return;
        }
        self.note(|_| format!("node {node} crashes"));
        self.count("node.crashed");
        let silent = self.random.chance(500);
        for number in self.live.clone() {
            let connection = &mut self.connections[number];
            let gone: Vec<_> =
                connection.ends.iter().filter(|e| e.node == node).map(|e| side(e.role)).collect();
            for side in gone {
                let end = &mut self.connections[number].ends[side];
                let was_over = end.is_over();
                end.phase = Phase::Over;
                end.crashed = true;
                if !silent && !was_over {
                    self.send(number, side, vec![Segment::honest(Payload::End)]);
                }
            }
        }
        let longest = if self.now < self.weather.calm { 15_000 } else { 500 };
        let up = self.now + self.random.between(100, longest);
        self.schedule.at(up.min(self.weather.calm.max(self.now + 500)), Event::Up(node));
    }

    /// Faults stop: the network heals, the Verifier is there, clocks are put right, and whoever was
    /// revoked starts again as somebody new.
    pub(super) fn calm(&mut self) {
        self.note(|_| "faults stop".to_owned());
        self.partition(0);
        self.verifier.up = true;
        self.verifier.sign_with_next_key();
        self.weather.loss = 0;
        for node in 0..self.nodes.len() {
            self.nodes[node].online = true;
            self.nodes[node].clock.offset = self.random.around_zero(CALM_SKEW);
        }
        for who in self.running() {
            if self.verifier.revoked.contains_key(&who.boot) {
                self.crash(who.node);
            }
        }
    }
}
