//! When to stop dialling a peer that does not answer: a pure function of outcomes and given times.
//!
//! ```text
//!            FAILURES_MAX in a row            the wait is over
//!   Closed -------------------------> Open --------------------> HalfOpen: one trial
//!      ^                               ^                          |         |
//!      |                               +--------- failed ---------+         |
//!      +-------------------------- established (on probation) --------------+
//! ```
//!
//! A channel that came about has proved nothing yet: a peer whose handshakes succeed and whose
//! connections then break would be dialled for ever. So failures are forgotten only when a request
//! was answered on the channel of the latest dial.

use core::time::Duration;
use std::time::Instant;

use crate::backoff::{Backoff, Draw};
use crate::limits::{BREAKER_FAILURES_MAX, BREAKER_TRIAL_MAX};

/// Waits between trials of a peer that does not answer. The longest is what a peer that comes back
/// waits for at most.
const WAITS: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));

/// The breaker of one peer.
#[derive(Clone, Debug, Default)]
pub(super) struct Breaker {
    state: State,
    /// Failures in a row.
    failures: u32,
    /// Openings in a row: the next wait is by this.
    openings: u32,
    /// A channel came about since the last failure, and nothing was answered on it yet.
    probation: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Closed,
    Open {
        until: Instant,
    },
    /// One trial is under way. Another is let through if it is not heard of until then.
    HalfOpen {
        until: Instant,
    },
}

/// Which state a breaker is in, for whoever looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum BreakerState {
    /// Dials are let through.
    Closed,
    /// One dial is under way to see whether the peer is back.
    HalfOpen,
    /// No dial is let through.
    Open,
}

impl BreakerState {
    /// Every state, for metrics.
    pub(crate) const ALL: [Self; 3] = [Self::Closed, Self::HalfOpen, Self::Open];

    /// The name in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }
}

impl Breaker {
    /// Asks for a dial. Whoever gets one has to tell its outcome.
    ///
    /// # Errors
    /// How long no dial is let through.
    pub(super) fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        match self.state {
            State::Closed => Ok(()),
            State::Open { until } | State::HalfOpen { until } if now < until => {
                Err(until.saturating_duration_since(now))
            }
            State::Open { .. } | State::HalfOpen { .. } => {
                self.state = State::HalfOpen { until: later(now, BREAKER_TRIAL_MAX) };
                Ok(())
            }
        }
    }

    /// A dial led to a channel.
    pub(super) const fn established(&mut self) {
        self.state = State::Closed;
        self.probation = true;
    }

    /// A request was answered on a channel. Only the channel of the latest dial counts: that an
    /// older one still works says nothing about dialling.
    pub(super) const fn answered(&mut self) {
        if self.probation {
            *self = Self { state: State::Closed, failures: 0, openings: 0, probation: false };
        }
    }

    /// A dial failed, or its channel broke before anything was answered on it. Tells whether this
    /// opened the breaker.
    pub(super) fn failed(&mut self, now: Instant, draw: Draw) -> bool {
        self.probation = false;
        self.failures = self.failures.saturating_add(1);
        let opens = match self.state {
            State::Closed => self.failures >= BREAKER_FAILURES_MAX,
            State::HalfOpen { .. } => true,
            State::Open { .. } => false,
        };
        if opens {
            self.openings = self.openings.saturating_add(1);
            self.state = State::Open { until: later(now, WAITS.delay(self.openings, draw)) };
        }
        opens
    }

    /// A dial ended for a reason that says nothing about the peer.
    pub(super) const fn abandoned(&mut self, now: Instant) {
        if let State::HalfOpen { .. } = self.state {
            self.state = State::Open { until: now };
        }
    }

    /// Which state it is in.
    pub(super) const fn state(&self) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed,
            State::Open { .. } => BreakerState::Open,
            State::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Whether forgetting it would change nothing that matters at `now`: it counts no failure, or
    /// its wait ended so long ago that a dial would be let through by any breaker.
    pub(super) fn is_forgettable(&self, now: Instant) -> bool {
        match self.state {
            State::Closed => self.failures == 0,
            State::Open { until } | State::HalfOpen { until } => now >= later(until, WAITS.most),
        }
    }
}

/// `now` and `span`; a time that the clock cannot represent is no wait at all.
fn later(now: Instant, span: Duration) -> Instant {
    now.checked_add(span).unwrap_or(now)
}

#[cfg(test)]
mod tests;
