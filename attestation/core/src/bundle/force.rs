//! Whether a bundle is to be used at a time.

use super::{Bundle, codes};
use crate::check::Check;
use crate::time::UnixTime;

impl Bundle {
    /// Whether it had been made at `now`, has not ended, and is not older than `not_older_than`.
    /// It is to be used only if none of the three fails.
    #[must_use]
    pub fn in_force(&self, now: UnixTime, not_older_than: Option<UnixTime>) -> [Check; 3] {
        [
            Check::decided(
                &codes::NOT_YET,
                self.created <= now,
                format!("made at {now} or before"),
                self.created,
            ),
            Check::decided(
                &codes::EXPIRED,
                now <= self.expires,
                format!("until {}", self.ending()),
                now,
            ),
            match not_older_than {
                Some(oldest) => Check::decided(
                    &codes::ROLLBACK,
                    self.created >= oldest,
                    format!("made at {oldest} or later"),
                    self.created,
                ),
                None => Check::not_asserted(&codes::ROLLBACK, self.created),
            },
        ]
    }

    fn ending(&self) -> String {
        let ends =
            |entry: &&super::Entry| entry.period.is_some_and(|period| period.until == self.expires);
        let first = self.entries.iter().find(ends).map(|entry| entry.key.to_string());
        format!("{}, when {} ends", self.expires, first.unwrap_or_default())
    }
}
