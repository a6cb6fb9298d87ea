//! A node and its Verifier: leases, and the changes that a Verifier tells.

use std::sync::Arc;

use cloister_api::v1::WatchEvent;
use cloister_api::v1::watch_event::Event as Change;
use cloister_channel::TrustBundle;
use cloister_channel::trust::Followed;

use super::clock::Ms;
use super::node::Running;
use super::run::Run;
use super::schedule::{Event, Who};
use super::verifier::{Applicant, Issued};

/// Slowest delivery between a node and its Verifier.
const LATENCY: Ms = 250;

/// A change is at every node that watches within this time of the beginning of its stream: the
/// change itself, and the whole bundle where it is needed.
const SETTLED: Ms = 3 * LATENCY;

impl Run<'_> {
    /// A node comes up with a new identity.
    pub(super) fn up(&mut self, node: usize) {
        if self.nodes[node].running.is_some() {
            return;
        }
        let who = Who { node, boot: self.boots };
        self.boots += 1;
        self.nodes[node].clock.reboot();
        let (identity, demands) = (self.stage.identity(who.boot), self.nodes[node].demands);
        self.nodes[node].running = Some(Running::new(who.boot, identity, demands));
        self.note(|_| format!("node {node} is up as boot {}", who.boot));
        self.apply_at(who, self.now);
        let first = self.now + self.random.below(1_000);
        self.schedule.at(first, Event::Watch(who));
        for want in 0..self.nodes[node].wants.len() {
            self.schedule.at(first + 300, Event::Want(who, want));
        }
    }

    /// A node will ask for a lease then, and not when it meant to before.
    fn apply_at(&mut self, who: Who, at: Ms) {
        let Some(running) = &mut self.nodes[who.node].running else { return };
        running.turn += 1;
        self.schedule.at(at, Event::Apply(who, running.turn));
    }

    /// Asks for a lease at once where the one in use has lost its worth, unless by revocation.
    pub(super) fn reapply(&mut self) {
        for who in self.running() {
            let node = &mut self.nodes[who.node];
            let (clock, now) = (&node.clock, self.now);
            let Some(running) = &mut node.running else { continue };
            let serves = running.serves(clock, now).is_some();
            let lapsed = running.served && !serves;
            running.served = serves;
            if lapsed {
                self.note(|_| format!("node {} has no lease any more", who.node));
                self.apply_at(who, self.now);
            }
        }
    }

    pub(super) fn apply(&mut self, who: Who, turn: u64) {
        if self.nodes[who.node].running.as_ref().is_none_or(|running| running.turn != turn) {
            return;
        }
        if self.reaches_verifier(who) {
            let arrives = self.now + self.random.between(1, LATENCY);
            self.schedule.at(arrives, Event::Judge(who));
        } else {
            self.apply_again(who);
        }
    }

    /// The Verifier answers, if it is there.
    pub(super) fn judge(&mut self, who: Who) {
        if !self.reaches_verifier(who) {
            return self.apply_again(who);
        }
        let node = &self.nodes[who.node];
        let Some(running) = &node.running else { return };
        let applicant =
            Applicant { boot: who.boot, agent: &node.agent, identity: &running.identity };
        let (world, next) = (&self.stage.world, &self.stage.next);
        match self.verifier.issue(self.now, world, next, &applicant, &mut self.random) {
            Some(issued) => {
                let arrives = self.now + self.random.between(1, LATENCY);
                self.schedule.at(arrives, Event::Admit(who, Box::new(issued)));
            }
            None => {
                self.note(|_| format!("node {} is refused a lease", who.node));
                self.count("lease.refused");
                self.crash(who.node);
            }
        }
    }

    pub(super) fn admit(&mut self, who: Who, issued: Issued) {
        let node = &mut self.nodes[who.node];
        let Some(running) = &mut node.running else { return };
        if !running.admit(issued, &mut node.clock, self.now) {
            self.count("lease.useless");
            return self.apply_again(who);
        }
        self.count("lease.issued");
        self.note(|_| format!("node {} has a lease", who.node));
        let renewal = self.renewal(who);
        self.apply_at(who, renewal);
        self.catch_up_all(who.node);
    }

    /// When to renew: as `cloisterd` does, at 60 to 75 % of the lease's life by its own clock.
    fn renewal(&mut self, who: Who) -> Ms {
        let node = &self.nodes[who.node];
        let life = self.weather.lifetime * 1000;
        let used = node.running.as_ref().and_then(|running| running.standing.as_ref()).map_or(
            0,
            |standing| {
                let issued = standing.credentials.lease().claims().issued_at;
                node.clock.now(self.now).since(issued).as_secs() * 1000
            },
        );
        let wait = life * self.random.between(60, 75) / 100;
        self.now + wait.saturating_sub(used).max(1_000)
    }

    fn apply_again(&mut self, who: Who) {
        let longest = if self.now < self.weather.calm { 8_000 } else { 2_000 };
        let at = self.now + self.random.between(1_000, longest);
        self.apply_at(who, at);
    }

    fn reaches_verifier(&self, who: Who) -> bool {
        self.verifier.up && self.nodes[who.node].online
    }

    /// A node begins to follow changes, from where it is.
    pub(super) fn watch(&mut self, who: Who) {
        let known = self.trust(who.node).map(|trust| trust.sequence());
        let (true, Some(known)) = (self.reaches_verifier(who), known) else {
            return self.watch_again(who);
        };
        let Some(running) = &mut self.nodes[who.node].running else { return };
        running.stream += 1;
        running.watching = Some(self.now + SETTLED);
        running.heard_until = self.now;
        let missed = self.verifier.since(known).to_vec();
        for (sequence, change) in (known + 1..).zip(missed) {
            self.tell(who, sequence, change);
        }
    }

    fn watch_again(&mut self, who: Who) {
        let at = self.now + self.random.between(200, 2_000);
        self.schedule.at(at, Event::Watch(who));
    }

    /// Tells a change to everybody who watches.
    pub(super) fn broadcast(&mut self, change: &Change) {
        let sequence = self.verifier.sequence();
        for who in self.running() {
            let watches = |running: &Running| running.watching.is_some();
            if self.nodes[who.node].running.as_ref().is_some_and(watches) {
                self.tell(who, sequence, change.clone());
            }
        }
    }

    fn tell(&mut self, who: Who, sequence: u64, change: Change) {
        let arrives = self.now + self.random.between(1, LATENCY);
        let Some(running) = &mut self.nodes[who.node].running else { return };
        running.heard_until = running.heard_until.max(arrives);
        let (at, stream) = (running.heard_until, running.stream);
        let event = WatchEvent { sequence, event: Some(change) };
        self.schedule.at(at, Event::Heard(who, stream, event));
    }

    pub(super) fn heard(&mut self, who: Who, stream: u64, event: WatchEvent) {
        let Some(trust) = self.followed(who, stream) else { return };
        let mut next = TrustBundle::clone(&trust);
        match next.follow(event) {
            Ok(Followed::Known) => {}
            Ok(Followed::Applied(_) | Followed::Published { .. }) => self.take(who, next),
            Ok(Followed::Gap { .. } | Followed::Replaced) => {
                let bundle = self.verifier.bundle(&self.stage.world, &self.stage.next);
                let arrives = self.now + self.random.between(1, 2 * LATENCY);
                self.schedule.at(arrives, Event::Fetched(who, stream, Box::new(bundle)));
            }
            Err(error) => self.rule(false, |_| format!("node {}: {error}", who.node)),
        }
    }

    pub(super) fn fetched(&mut self, who: Who, stream: u64, trust: TrustBundle) {
        if self.followed(who, stream).is_some() {
            self.take(who, trust);
        }
    }

    fn take(&mut self, who: Who, trust: TrustBundle) {
        let node = &mut self.nodes[who.node];
        let Some(running) = &mut node.running else { return };
        running.trust(trust, &node.clock);
        self.catch_up_all(who.node);
    }

    /// The trust bundle in use, while the stream is the present one.
    fn followed(&self, who: Who, stream: u64) -> Option<Arc<TrustBundle>> {
        let running = self.nodes[who.node].running.as_ref()?;
        let present = running.stream == stream && running.watching.is_some();
        present.then(|| self.trust(who.node)).flatten()
    }

    /// The streams of these nodes end.
    pub(super) fn deafen(&mut self, nodes: impl Fn(usize) -> bool) {
        for who in self.running() {
            let Some(running) = &mut self.nodes[who.node].running else { continue };
            if nodes(who.node) && running.watching.take().is_some() {
                self.watch_again(who);
            }
        }
    }

    pub(super) fn trust(&self, node: usize) -> Option<Arc<TrustBundle>> {
        let running = self.nodes[node].running.as_ref()?;
        running.standing.as_ref().map(|standing| Arc::clone(&standing.trust))
    }

    /// Everything that runs.
    pub(super) fn running(&self) -> Vec<Who> {
        let boots = self.nodes.iter().map(|node| node.running.as_ref().map(|r| r.boot));
        let runs = boots.enumerate().filter_map(|(node, boot)| Some(Who { node, boot: boot? }));
        runs.collect()
    }
}
