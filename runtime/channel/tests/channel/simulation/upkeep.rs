//! What a runtime does about its connections from time to time.

use std::sync::Arc;

use cloister_attestation::code::Diagnostic as _;

use super::carriage::PING;
use super::clock::Ms;
use super::end::Phase;
use super::link::{Attack, Payload, Segment};
use super::run::Run;

/// An end that has said nothing for so long says that it is still there.
const KEEPALIVE: Ms = 3_000;

/// A peer that has said nothing for so long is not there.
const SILENCE: Ms = 10_000;

/// A runtime waits no longer for a verdict, whatever the clocks say. Longer than a session's own
/// deadline, which therefore counts wherever clocks go on.
const PATIENCE: Ms = 12_000;

impl Run<'_> {
    /// Time passes at every end.
    pub(super) fn deadlines(&mut self) {
        for number in self.live.clone() {
            for side in [0, 1] {
                let node = self.connections[number].ends[side].node;
                let shown = self.nodes[node].clock.now(self.now);
                let patient = self.now - self.connections[number].since < PATIENCE;
                self.connections[number].ends[side].timeout(shown, patient);
                self.pump(number, side);
                self.keep_alive(number, side);
            }
        }
    }

    fn keep_alive(&mut self, number: usize, side: usize) {
        let Phase::Open(open) = &mut self.connections[number].ends[side].phase else { return };
        if self.now - open.heard > SILENCE {
            open.life.handle_end();
            return self.pump(number, side);
        }
        if side == 0 && self.now - open.spoke >= KEEPALIVE {
            open.spoke = self.now;
            self.send(number, side, vec![Segment::honest(Payload::Bytes(PING.to_vec()))]);
        }
    }

    /// Tells every channel of a node about its present lease and trust bundle.
    pub(super) fn catch_up_all(&mut self, node: usize) {
        for number in self.live.clone() {
            for side in [0, 1] {
                if self.connections[number].ends[side].node == node {
                    self.catch_up(number, side);
                    self.pump(number, side);
                }
            }
        }
    }

    /// The lease first: the bundle may be the reason for it.
    pub(super) fn catch_up(&mut self, number: usize, side: usize) {
        let end = &mut self.connections[number].ends[side];
        let node = &self.nodes[end.node];
        let Some(standing) = node.running.as_ref().and_then(|r| r.standing.as_ref()) else {
            return;
        };
        let Phase::Open(open) = &mut end.phase else { return };
        let shown = node.clock.now(self.now);
        let renewed = open.life.renew(Arc::clone(&standing.credentials), shown);
        open.life.trust(Arc::clone(&standing.trust), shown);
        if let Err(error) = renewed {
            self.count(error.code().id);
        }
    }

    /// Whether an adversary relays between two TLS connections.
    pub(super) fn relayed(&self, number: usize) -> bool {
        self.connections[number].attack.is_some_and(|aimed| aimed.attack == Attack::Relay)
    }
}
