//! How long to wait before trying again: a pure function of failures and a random draw.

use core::time::Duration;

/// Exponential back-off with equal jitter: half of each step is certain, half is drawn, so that
/// a fleet that lost its Verifier at one moment does not come back at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backoff {
    /// The step after the first failure.
    pub first: Duration,
    /// No step is longer.
    pub most: Duration,
}

impl Backoff {
    /// A schedule whose steps double from `first` to `most`.
    #[must_use]
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self { first, most }
    }

    /// The wait after `failures` failures in a row: between half of its step and all of it.
    #[must_use]
    pub fn delay(&self, failures: u32, draw: Draw) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let step = self.first.saturating_mul(1 << doublings).min(self.most);
        let half = step / 2;
        half.saturating_add(draw.of(half))
    }
}

/// A number drawn uniformly from all `u32`, standing for a fraction of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw(pub u32);

impl Draw {
    /// The fraction of `span` that this draw stands for.
    #[must_use]
    pub fn of(self, span: Duration) -> Duration {
        let nanos = span.as_nanos().saturating_mul(u128::from(self.0)) / u128::from(u32::MAX);
        u64::try_from(nanos).map_or(span, Duration::from_nanos)
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{Backoff, Draw};

    const SCHEDULE: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));

    #[test]
    fn steps_double_until_the_most() {
        let steps = (1..=8).map(|failures| SCHEDULE.delay(failures, Draw(u32::MAX)).as_millis());
        assert!(steps.eq([100, 200, 400, 800, 1600, 3200, 5000, 5000]));
        assert_eq!(SCHEDULE.delay(u32::MAX, Draw(u32::MAX)), SCHEDULE.most);
    }

    #[test]
    fn half_of_a_step_is_certain_and_half_is_drawn() {
        let least = SCHEDULE.delay(3, Draw(0));
        let middle = SCHEDULE.delay(3, Draw(u32::MAX / 2));
        assert_eq!(least, Duration::from_millis(200));
        assert!(least < middle && middle < SCHEDULE.delay(3, Draw(u32::MAX)));
    }

    #[test]
    fn no_span_is_too_long_for_a_draw() {
        assert_eq!(Draw(u32::MAX).of(Duration::MAX), Duration::MAX);
        assert_eq!(Draw(0).of(Duration::MAX), Duration::ZERO);
    }
}
