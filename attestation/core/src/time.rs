//! Given time: this crate never reads a clock.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(u64);

impl UnixTime {
    /// From seconds since the epoch.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs)
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// This time plus `duration`, saturating.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.as_secs()))
    }

    /// This time minus `duration`, saturating at the epoch.
    #[must_use]
    pub const fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration.as_secs()))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }

    /// Reads `YYYY-MM-DDTHH:MM:SSZ` (RFC 3339 in UTC, whole seconds), the only form that Intel's
    /// collateral and this project's own documents use. `None` for anything else.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let moment: der::DateTime = text.parse().ok()?;
        Some(Self(moment.unix_duration().as_secs()))
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match der::DateTime::from_unix_duration(Duration::from_secs(self.0)) {
            Ok(moment) => write!(f, "{moment}"),
            Err(_) => write!(f, "{} s after the epoch", self.0),
        }
    }
}

/// From and until, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Period {
    /// The first moment.
    pub from: UnixTime,
    /// The last moment.
    pub until: UnixTime,
}

impl Period {
    /// No limits.
    pub const ALWAYS: Self = Self { from: UnixTime(0), until: UnixTime(u64::MAX) };

    /// Between two moments, both included.
    #[must_use]
    pub const fn between(from: UnixTime, until: UnixTime) -> Self {
        Self { from, until }
    }

    /// What is in this period and in `other`.
    #[must_use]
    pub fn narrowed_by(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), until: self.until.min(other.until) }
    }

    /// Whether `moment` is inside.
    #[must_use]
    pub fn contains(&self, moment: UnixTime) -> bool {
        self.from <= moment && moment <= self.until
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from {} until {}", self.from, self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::UnixTime;

    #[test]
    fn rfc3339_round_trips_and_refuses_other_forms() {
        let text = "2026-08-04T01:04:33Z";
        assert_eq!(UnixTime::parse_rfc3339(text).unwrap().to_string(), text);
        for bad in [
            "",
            "2026-08-04",
            "2026-08-04T01:04:33",
            "2026-08-04T01:04:33+00:00",
            "2026-13-04T01:04:33Z",
        ] {
            assert_eq!(UnixTime::parse_rfc3339(bad), None, "{bad}");
        }
    }
}
