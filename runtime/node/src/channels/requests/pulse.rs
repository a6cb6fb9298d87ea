//! Notices a peer that is not there any more.

use core::task::{Context, Poll};
use core::time::Duration;

use h2::{Ping, PingPong};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// Asks a peer of which nothing was heard for a while whether it is there.
pub(super) struct Pulse {
    pings: Option<PingPong>,
    beat: Interval,
    /// How often something had been read at the last beat.
    reads: u64,
    /// It was asked since, and nothing was heard.
    asked: bool,
}

impl Pulse {
    pub(super) fn new(pings: Option<PingPong>, every: Duration) -> Self {
        let mut beat = interval_at(Instant::now() + every, every);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { pings, beat, reads: 0, asked: false }
    }

    /// Whether the peer was asked a beat ago, and nothing was heard of it. Anything that was read
    /// counts: an answer may wait behind data on its way here.
    pub(super) fn is_lost(&mut self, reads: u64, cx: &mut Context<'_>) -> bool {
        while self.beat.poll_tick(cx).is_ready() {
            let heard = core::mem::replace(&mut self.reads, reads) != reads;
            if !heard && self.asked {
                return true;
            }
            self.asked = !heard && self.ask(cx);
        }
        false
    }

    /// Asks, unless an earlier question is still on its way.
    fn ask(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(pings) = &mut self.pings else { return false };
        if let Poll::Ready(Err(_)) = pings.poll_pong(cx) {
            // The connection tells by itself that it has ended.
            return false;
        }
        drop(pings.send_ping(Ping::opaque()));
        true
    }
}
