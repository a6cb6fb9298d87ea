//! When a service wants to be asked again.

use std::time::Duration;

use cloister_attestation::time::UnixTime;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// How long to wait from `now`, by the value of `Retry-After`: seconds, or a date. `None` if it is
/// neither.
///
/// SPEC: RFC 9110 section 10.2.3; dates in the one form that senders may produce (section 5.6.7).
pub(crate) fn delay(value: &str, now: UnixTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit mean a very long time, and the caller bounds it.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    date(value).map(|at| at.since(now))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn date(value: &str) -> Option<UnixTime> {
    let (_weekday, rest) = value.split_once(", ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let [day, month, year, time, "GMT"] = fields.as_slice() else { return None };
    let month = MONTHS.iter().zip(1_u8..).find(|(name, _)| *name == month)?.1;
    UnixTime::parse_rfc3339(&format!("{year}-{month:02}-{day}T{time}Z"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cloister_attestation::time::UnixTime;

    use super::delay;

    const NOW: UnixTime = UnixTime::from_secs(784_111_777);

    #[test]
    fn seconds_and_dates_are_read() {
        for (value, secs) in [
            ("0", 0),
            ("120", 120),
            (" 7 ", 7),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
            ("Sun, 06 Nov 1994 08:50:07 GMT", 30),
            ("Sun, 06 Nov 1994 08:49:00 GMT", 0),
        ] {
            assert_eq!(delay(value, NOW), Some(Duration::from_secs(secs)), "{value}");
        }
        assert_eq!(delay("99999999999999999999999", NOW), Some(Duration::from_secs(u64::MAX)));
    }

    #[test]
    fn anything_else_is_nothing() {
        for value in ["", "soon", "-1", "1.5", "Sun, 06 Foo 1994 08:49:37 GMT", "06 Nov 1994"] {
            assert_eq!(delay(value, NOW), None, "{value}");
        }
    }
}
