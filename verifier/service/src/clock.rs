//! Where the service reads the time: one place, so that tests can set it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cloister_attestation::time::UnixTime;
use rustls::time_provider::TimeProvider;

/// Reads the time of day, which never goes below what was proven to have come. Clones share that.
#[derive(Clone)]
pub struct Clock {
    read: Arc<dyn Fn() -> UnixTime + Send + Sync>,
    /// Seconds.
    floor: Arc<AtomicU64>,
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::from_fn(|| {
            // A clock before 1970 reads as 1970: every certificate is then not yet valid.
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
            UnixTime::from_secs(since.as_secs())
        })
    }

    /// A clock that reads whatever `read` returns.
    pub fn from_fn(read: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        Self { read: Arc::new(read), floor: Arc::default() }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        (self.read)().max(UnixTime::from_secs(self.floor.load(Ordering::Relaxed)))
    }

    /// From now on, the time is not before `moment`.
    ///
    /// # Security
    /// `moment` has to be authentic: the issue date of a document whose signature was verified.
    pub fn raise(&self, moment: UnixTime) {
        self.floor.fetch_max(moment.as_secs(), Ordering::Relaxed);
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let since = Duration::from_secs(self.now().as_secs());
        Some(rustls::pki_types::UnixTime::since_unix_epoch(since))
    }
}
