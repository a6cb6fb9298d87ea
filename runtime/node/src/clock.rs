//! The time that leases are judged by.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use cloister_attestation::time::UnixTime;
use rustls::time_provider::TimeProvider;
use tracing::warn;

/// The system's clock, never earlier than what a Verifier has already signed.
///
/// # Security
/// The host sets a guest's wall clock. Set back, it would keep ended leases alive; so each
/// verified lease's issue time, advanced by the monotonic clock, is a floor.
#[derive(Debug, Default)]
pub struct Clock {
    floor: Mutex<Option<Floor>>,
    /// Whether the system's clock is this runtime's to set.
    sets_system: bool,
}

#[derive(Clone, Copy, Debug)]
struct Floor {
    time: UnixTime,
    seen: Instant,
}

impl Clock {
    /// The clock of a guest: what a Verifier has signed, the system's clock is set forward to, so that
    /// the agent is told no earlier time either.
    #[must_use]
    pub fn of_guest() -> Self {
        Self { sets_system: true, ..Self::default() }
    }

    /// The later of the system's clock and the floor.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        let floor = self.floor.lock().unwrap_or_else(PoisonError::into_inner);
        floor.map_or_else(system, |floor| system().max(floor.now()))
    }

    /// Learns that it was `time` somewhere trusted, just before now.
    pub fn raise(&self, time: UnixTime) {
        let mut floor = self.floor.lock().unwrap_or_else(PoisonError::into_inner);
        // What the system says now is no floor: a clock that was ahead once may be put right.
        let time = floor.map_or(time, |floor| floor.now().max(time));
        *floor = Some(Floor { time, seen: Instant::now() });
        if self.sets_system {
            let since = core::time::Duration::from_secs(time.as_secs());
            match cloister_guest::clock::advance(since) {
                Ok(behind) if behind.is_zero() => {}
                Ok(behind) => warn!(
                    behind_secs = behind.as_secs(),
                    "the clock was behind the Verifier's; set forward"
                ),
                Err(error) => warn!(%error, "the clock is behind the Verifier's and cannot be set"),
            }
        }
    }
}

impl Floor {
    fn now(self) -> UnixTime {
        self.time.plus(self.seen.elapsed())
    }
}

/// The same time, as TLS asks for it.
#[derive(Clone, Debug)]
pub struct TlsTime(Arc<Clock>);

impl TlsTime {
    /// Tells TLS the time of `clock`.
    #[must_use]
    pub const fn new(clock: Arc<Clock>) -> Self {
        Self(clock)
    }
}

impl TimeProvider for TlsTime {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let since = core::time::Duration::from_secs(self.0.now().as_secs());
        Some(rustls::pki_types::UnixTime::since_unix_epoch(since))
    }
}

/// A clock before 1970 reads as 1970: every lease is then not yet valid.
fn system() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_secs(since.as_secs())
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{Clock, UnixTime, system};

    #[test]
    fn a_signed_time_ahead_of_the_system_becomes_the_floor() {
        let clock = Clock::default();
        let ahead = system().plus(Duration::from_secs(3600));
        clock.raise(ahead);
        assert!(clock.now() >= ahead);
        clock.raise(system());
        assert!(clock.now() >= ahead);
    }

    #[test]
    fn a_signed_time_of_the_past_changes_nothing() {
        let clock = Clock::default();
        clock.raise(UnixTime::from_secs(1));
        assert!(clock.now() >= system().minus(Duration::from_secs(60)));
    }

    #[test]
    fn a_system_clock_that_was_ahead_once_can_be_put_right() {
        let clock = Clock::default();
        let signed = system().minus(Duration::from_secs(300));
        clock.raise(signed);
        let floor = clock.floor.lock().unwrap().unwrap().now();
        assert!(floor < signed.plus(Duration::from_secs(60)), "{floor}");
    }
}
