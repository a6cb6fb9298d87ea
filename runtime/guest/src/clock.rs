//! The earliest time that a guest believes in.
//!
//! The host sets a guest's clock. The image says when it was built, which is measured: it is not
//! earlier than that. What a Verifier signs raises the runtime's own floor further.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, Timespec, clock_settime};
use tracing::{info, warn};

use crate::GuestError;

/// The measured file with the time at which the image was built: seconds since 1970, in digits.
pub const EPOCH: &str = "/etc/cloister/epoch";

/// Sets the clock forward to the time in the file at `epoch`, if it is behind. Never back.
///
/// # Errors
/// [`GuestError::Clock`] if the file is not a time, or the kernel refuses.
pub fn raise(epoch: &Path) -> Result<(), GuestError> {
    let text = match fs::read_to_string(epoch) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            warn!("the image does not say when it was built: the host's clock has no floor");
            return Ok(());
        }
        Err(error) => return Err(GuestError::Clock(error)),
    };
    let floor = floor(&text).map_err(GuestError::Clock)?;
    let behind = advance(floor).map_err(GuestError::Clock)?;
    if behind.is_zero() {
        info!(floor = floor.as_secs(), "clock");
    } else {
        warn!(
            behind_secs = behind.as_secs(),
            "the host's clock was behind the image's; set forward"
        );
    }
    Ok(())
}

/// Sets the clock forward to `to`, counted from 1970, if it is behind; says by how much it was. Never
/// back.
///
/// # Errors
/// The kernel's reason.
pub fn advance(to: Duration) -> io::Result<Duration> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    if now < to {
        set(to)?;
    }
    Ok(to.saturating_sub(now))
}

fn floor(text: &str) -> io::Result<Duration> {
    let seconds = text.trim_end().parse().map_err(io::Error::other)?;
    Ok(Duration::from_secs(seconds))
}

fn set(to: Duration) -> io::Result<()> {
    let seconds = i64::try_from(to.as_secs()).map_err(io::Error::other)?;
    Ok(clock_settime(ClockId::Realtime, Timespec { tv_sec: seconds, tv_nsec: 0 })?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{floor, raise};

    #[test]
    fn a_floor_is_digits_and_nothing_else() {
        assert_eq!(floor("1700000000\n").unwrap(), Duration::from_secs(1_700_000_000));
        for bad in ["", "soon", "-1", "1 2", "0x10"] {
            assert!(floor(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_floor_in_the_past_changes_nothing_and_a_broken_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let epoch = folder.path().join("epoch");
        raise(&epoch).unwrap();
        std::fs::write(&epoch, "1\n").unwrap();
        let before = std::time::SystemTime::now();
        raise(&epoch).unwrap();
        assert!(std::time::SystemTime::now() >= before);
        std::fs::write(&epoch, "never").unwrap();
        raise(&epoch).unwrap_err();
    }
}
