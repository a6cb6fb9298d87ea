//! Given time: this crate never reads a clock.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::text;

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
            Ok(moment) => write_moment(f, moment),
            Err(_) => write!(f, "{} s after the epoch", self.0),
        }
    }
}

/// Writes all of it at once: every check of a date shows three of them.
fn write_moment(f: &mut fmt::Formatter<'_>, moment: der::DateTime) -> fmt::Result {
    let digit = |number: u16| {
        let [_, digit] = (number % 10).to_be_bytes();
        b'0' + digit
    };
    let two = |number: u8| [digit(u16::from(number) / 10), digit(number.into())];
    let [y1, y2, y3, y4] = [1000, 100, 10, 1].map(|place| digit(moment.year() / place));
    let ([o1, o2], [d1, d2]) = (two(moment.month()), two(moment.day()));
    let ([h1, h2], [m1, m2]) = (two(moment.hour()), two(moment.minutes()));
    let [s1, s2] = two(moment.seconds());
    let text = [
        y1, y2, y3, y4, b'-', o1, o2, b'-', d1, d2, b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'Z',
    ];
    f.write_str(core::str::from_utf8(&text).map_err(|_| fmt::Error)?)
}

/// Reads the text that [`UnixTime::parse_rfc3339`] reads.
pub(crate) fn rfc3339<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UnixTime, D::Error> {
    text::read(deserializer, |text| {
        UnixTime::parse_rfc3339(text).ok_or_else(|| format!("`{text}` is not a time in UTC"))
    })
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

    #[test]
    fn every_day_and_both_ends_of_the_calendar_round_trip() {
        let last = 253_402_300_799;
        for secs in (0..last).step_by(86_400 * 31 + 3_661).chain([last]) {
            let moment = UnixTime::from_secs(secs);
            let text = moment.to_string();
            assert_eq!(text.len(), 20, "{text}");
            assert_eq!(UnixTime::parse_rfc3339(&text), Some(moment), "{text}");
        }
        assert_eq!(UnixTime::from_secs(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(UnixTime::from_secs(last).to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(UnixTime::from_secs(last + 1).to_string(), "253402300800 s after the epoch");
    }
}
