//! How long ago a document may have been issued.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::code::Code;
use crate::publication::Issue;
use crate::time::UnixTime;

const DAY_SECS: u32 = 24 * 60 * 60;

/// What is demanded of a document's age, besides its own dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AgeLimit {
    /// Issued no longer ago than this, in seconds.
    AtMostSecs(u32),
    /// Nothing is demanded beyond its own dates; the result says `not_asserted`.
    Any,
}

impl AgeLimit {
    /// For documents that are issued every day and end after 30: TCB info, QE identity, PCK CRL.
    pub(crate) const MONTH: Self = Self::AtMostSecs(30 * DAY_SECS);
    /// For the CRLs of roots, which are issued once a year and end some days after that.
    pub(crate) const YEAR: Self = Self::AtMostSecs(400 * DAY_SECS);

    /// The check's outcome for `issue` at `now`. An issue from the future has no age.
    pub(crate) fn check(self, code: &'static Code, issue: &Issue, now: UnixTime) -> Check {
        let observed = format!("{} {issue}", issue.document);
        match self {
            Self::Any => Check::not_asserted(code, observed),
            Self::AtMostSecs(secs) => {
                let limit = Duration::from_secs(secs.into());
                let ok = issue.issued_at <= now && now.since(issue.issued_at) <= limit;
                Check::decided(code, ok, format!("issued at most {secs} s before {now}"), observed)
            }
        }
    }

    /// The first of `limits` that `issue` meets at `now`; none of them, [`Self::Any`].
    pub(crate) fn met_by(issue: &Issue, now: UnixTime, limits: &[Self]) -> Self {
        let age = now.since(issue.issued_at);
        let meets = |limit: &&Self| match limit {
            Self::AtMostSecs(secs) => age <= Duration::from_secs((*secs).into()),
            Self::Any => true,
        };
        limits.iter().find(meets).copied().unwrap_or(Self::Any)
    }
}

#[cfg(test)]
mod tests {
    use super::AgeLimit;
    use crate::check::State;
    use crate::publication::{Document, Issue};
    use crate::reference::MATCH;
    use crate::time::UnixTime;

    const ISSUED: u64 = 1_000_000;

    fn issue() -> Issue {
        let issued_at = UnixTime::from_secs(ISSUED);
        Issue { document: Document::IntelRootCrl, issued_at, number: None }
    }

    fn state(limit: AgeLimit, now: u64) -> State {
        limit.check(&MATCH, &issue(), UnixTime::from_secs(now)).state
    }

    #[test]
    fn the_last_second_is_inside_and_the_next_is_not() {
        for (secs, now, wanted) in [
            (60, ISSUED, State::Pass),
            (60, ISSUED + 60, State::Pass),
            (60, ISSUED + 61, State::Fail),
            (0, ISSUED, State::Pass),
            (0, ISSUED + 1, State::Fail),
            (u32::MAX, ISSUED - 1, State::Fail),
        ] {
            assert_eq!(state(AgeLimit::AtMostSecs(secs), now), wanted, "{secs} {now}");
        }
        assert_eq!(state(AgeLimit::Any, ISSUED + 1_000_000_000), State::NotAsserted);
    }

    #[test]
    fn a_template_takes_the_first_limit_that_is_met() {
        let limits = [AgeLimit::AtMostSecs(10), AgeLimit::AtMostSecs(100)];
        for (age, wanted) in [
            (0, limits[0]),
            (10, limits[0]),
            (11, limits[1]),
            (100, limits[1]),
            (101, AgeLimit::Any),
        ] {
            let now = UnixTime::from_secs(ISSUED + age);
            assert_eq!(AgeLimit::met_by(&issue(), now, &limits), wanted, "{age}");
        }
    }
}
