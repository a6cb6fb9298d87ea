//! How many requests may be tried again: a share of those that were made.
//!
//! Without a bound, retries multiply the load of a peer that is in trouble already. A budget lets a
//! few through at once, and from then on one for every ten requests.

/// Thousandths of a retry.
const RETRY: u32 = 1_000;
/// What one request adds: one retry for every ten requests.
const SHARE: u32 = RETRY / 10;
/// What can be saved up: ten retries, with which a budget begins.
const MOST: u32 = 10 * RETRY;

/// The retries that one peer may cost.
#[derive(Clone, Debug)]
pub(super) struct Budget(u32);

impl Default for Budget {
    fn default() -> Self {
        Self(MOST)
    }
}

impl Budget {
    /// A request is made for the first time.
    pub(super) fn deposit(&mut self) {
        self.0 = self.0.saturating_add(SHARE).min(MOST);
    }

    /// Takes one retry, if there is one.
    pub(super) const fn withdraw(&mut self) -> bool {
        match self.0.checked_sub(RETRY) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Budget;

    #[test]
    fn ten_retries_at_once_and_one_for_every_ten_requests_from_then_on() {
        let mut budget = Budget::default();
        assert_eq!((0..100).filter(|_| budget.withdraw()).count(), 10);
        for _ in 0..9 {
            budget.deposit();
            assert!(!budget.withdraw());
        }
        budget.deposit();
        assert!(budget.withdraw() && !budget.withdraw());
    }

    #[test]
    fn a_quiet_time_saves_up_no_more_than_ten() {
        let mut budget = Budget::default();
        (0..1_000).for_each(|_| budget.deposit());
        assert_eq!((0..100).filter(|_| budget.withdraw()).count(), 10);
    }

    proptest! {
        #[test]
        fn retries_never_exceed_their_share(steps in prop::collection::vec(any::<bool>(), 0..500)) {
            let mut budget = Budget::default();
            let (mut requests, mut retries) = (0, 0);
            for is_request in steps {
                if is_request {
                    budget.deposit();
                    requests += 1;
                } else if budget.withdraw() {
                    retries += 1;
                }
                prop_assert!(retries * 10 <= requests + 100);
            }
        }
    }
}
