//! When to renew a lease: a pure function of its dates and a random draw.

use core::time::Duration;

use cloister_attestation::time::UnixTime;

use crate::backoff::{Backoff, Draw};

/// Waits between attempts while the Verifier does not answer. The longest is well below the
/// default lease of ten minutes, so that a Verifier that comes back finds the lease alive.
pub const RETRY: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));

/// Waits between attempts after a refusal: it takes a person to change that.
pub const RETRY_REFUSED: Backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(300));

/// How long to wait from `now` until a lease issued at `issued` and ending at `expires` should be
/// renewed: 60 to 75 % of its life after its beginning, where in that by `draw`. Zero when that
/// moment has passed.
///
/// Early enough that a Verifier's outage of a quarter of a lease's life costs nothing; spread, so
/// that runtimes admitted together do not renew together.
#[must_use]
pub fn delay(issued: UnixTime, expires: UnixTime, now: UnixTime, draw: Draw) -> Duration {
    let life = expires.since(issued);
    let earliest = life.saturating_mul(60) / 100;
    let spread = life.saturating_mul(15) / 100;
    earliest.saturating_add(draw.of(spread)).saturating_sub(now.since(issued))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use cloister_attestation::time::UnixTime;

    use super::delay;
    use crate::backoff::Draw;

    const ISSUED: UnixTime = UnixTime::from_secs(1_000);
    const EXPIRES: UnixTime = UnixTime::from_secs(1_600);

    #[test]
    fn renews_between_60_and_75_percent_of_the_lease() {
        assert_eq!(delay(ISSUED, EXPIRES, ISSUED, Draw(0)), Duration::from_secs(360));
        assert_eq!(delay(ISSUED, EXPIRES, ISSUED, Draw(u32::MAX)), Duration::from_secs(450));
    }

    #[test]
    fn time_already_gone_counts() {
        let now = UnixTime::from_secs(1_300);
        assert_eq!(delay(ISSUED, EXPIRES, now, Draw(0)), Duration::from_secs(60));
        assert_eq!(delay(ISSUED, EXPIRES, EXPIRES, Draw(u32::MAX)), Duration::ZERO);
    }

    #[test]
    fn a_lease_that_ends_before_it_begins_is_renewed_at_once() {
        assert_eq!(delay(EXPIRES, ISSUED, ISSUED, Draw(u32::MAX)), Duration::ZERO);
    }
}
