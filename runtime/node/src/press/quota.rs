//! A token bucket: so many at once, and one more every so often.

use core::time::Duration;

/// Counts what is left. Times are since any fixed moment and come from the caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quota {
    most: u32,
    every: Duration,
    left: u32,
    /// The moment up to which tokens have been added.
    filled: Duration,
}

impl Quota {
    /// A full bucket of `most` tokens, which gains one `every` so often.
    pub(crate) const fn new(most: u32, every: Duration) -> Self {
        Self { most, every, left: most, filled: Duration::ZERO }
    }

    /// Takes a token, or says how long to wait for one.
    pub(crate) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        self.fill(now);
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.filled.saturating_add(self.every).saturating_sub(now)),
        }
    }

    /// Whether nothing of it is used.
    pub(crate) fn is_full(&mut self, now: Duration) -> bool {
        self.fill(now);
        self.left == self.most
    }

    fn fill(&mut self, now: Duration) {
        while self.left < self.most {
            let next = self.filled.saturating_add(self.every);
            if next > now {
                return;
            }
            (self.filled, self.left) = (next, self.left.saturating_add(1));
        }
        // A full bucket does not save up time.
        self.filled = self.filled.max(now);
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::Quota;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_full_bucket_gives_so_many_at_once_and_then_one_every_so_often() {
        let mut quota = Quota::new(3, ms(100));
        assert_eq!([0; 4].map(|_| quota.take(ms(1000))), [Ok(()), Ok(()), Ok(()), Err(ms(100))]);
        assert_eq!(quota.take(ms(1060)), Err(ms(40)));
        assert_eq!(quota.take(ms(1100)), Ok(()));
        assert_eq!(quota.take(ms(1100)), Err(ms(100)));
        assert_eq!([0; 3].map(|_| quota.take(ms(1350))), [Ok(()), Ok(()), Err(ms(50))]);
    }

    #[test]
    fn waiting_longer_never_gives_more_than_the_bucket_holds() {
        let mut quota = Quota::new(2, ms(100));
        for now in [0, 1_000_000, 2_000_000] {
            let taken = (0..10).filter(|_| quota.take(ms(now)).is_ok()).count();
            assert_eq!(taken, 2, "at {now}");
        }
    }

    #[test]
    fn whoever_waits_as_long_as_told_is_served() {
        let mut quota = Quota::new(1, ms(70));
        let mut now = ms(5);
        for _ in 0..5 {
            assert!(quota.take(now).is_ok());
            now += quota.take(now).unwrap_err();
        }
    }

    #[test]
    fn a_time_that_runs_backwards_gives_nothing() {
        let mut quota = Quota::new(1, ms(100));
        assert!(quota.take(ms(1000)).is_ok());
        assert!(quota.take(ms(0)).is_err());
        assert!(quota.take(ms(1099)).is_err());
        assert!(quota.take(ms(1100)).is_ok());
    }
}
