//! The clock of the whole fleet, which a simulation sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cloister_attestation::time::UnixTime;
use cloister_domain::world::NOW;
use rustls::pki_types::UnixTime as TlsTime;
use rustls::time_provider::TimeProvider;

/// Milliseconds since the simulation began. Clones are the same clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock(Arc<AtomicU64>);

impl Clock {
    pub(crate) fn set(&self, millis: u64) {
        self.0.store(millis, Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> UnixTime {
        NOW.plus(Duration::from_millis(self.0.load(Ordering::Relaxed)))
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<TlsTime> {
        Some(TlsTime::since_unix_epoch(Duration::from_secs(self.now().as_secs())))
    }
}
