//! Where the service reads the time: one place, so that tests can set it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cloister_attestation::time::UnixTime;
use rustls::time_provider::TimeProvider;

/// Reads the time of day.
#[derive(Clone)]
pub struct Clock {
    read: Arc<dyn Fn() -> UnixTime + Send + Sync>,
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
        Self { read: Arc::new(read) }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        (self.read)()
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
