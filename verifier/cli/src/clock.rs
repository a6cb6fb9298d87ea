//! The one place where this program reads the clock.

use std::time::SystemTime;

use cloister_attestation::time::UnixTime;

/// Now. A clock before 1970 reads as 1970, at which no certificate is valid.
pub(crate) fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_secs(since.as_secs())
}
