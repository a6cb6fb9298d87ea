use core::time::Duration;
use std::time::Instant;

use proptest::prelude::*;

use super::{Breaker, BreakerState, WAITS};
use crate::backoff::Draw;
use crate::limits::{BREAKER_FAILURES_MAX, BREAKER_TRIAL_MAX};

const NO_DRAW: Draw = Draw(0);

/// A breaker that has just opened at `now`.
fn opened(now: Instant) -> Breaker {
    let mut breaker = Breaker::default();
    for failure in 1..=BREAKER_FAILURES_MAX {
        assert_eq!(breaker.admit(now), Ok(()));
        assert_eq!(breaker.failed(now, NO_DRAW), failure == BREAKER_FAILURES_MAX);
    }
    assert_eq!(breaker.state(), BreakerState::Open);
    breaker
}

#[test]
fn opens_after_failures_in_a_row_and_refuses_until_the_wait_is_over() {
    let now = Instant::now();
    let mut breaker = opened(now);
    let wait = WAITS.delay(1, NO_DRAW);
    assert_eq!(breaker.admit(now), Err(wait));
    let almost = wait.checked_sub(Duration::from_millis(1)).unwrap();
    assert_eq!(breaker.admit(now + almost), Err(Duration::from_millis(1)));
    assert_eq!(breaker.admit(now + wait), Ok(()));
}

#[test]
fn half_open_lets_one_trial_through() {
    let now = Instant::now();
    let mut breaker = opened(now);
    let then = now + WAITS.most;
    assert_eq!(breaker.admit(then), Ok(()));
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    assert_eq!(breaker.admit(then), Err(BREAKER_TRIAL_MAX));
    // A trial that nobody hears of does not shut the peer out for ever.
    assert_eq!(breaker.admit(then + BREAKER_TRIAL_MAX), Ok(()));
}

#[test]
fn a_failed_trial_doubles_the_wait() {
    let now = Instant::now();
    let mut breaker = opened(now);
    let then = now + WAITS.most;
    assert_eq!(breaker.admit(then), Ok(()));
    assert!(breaker.failed(then, NO_DRAW));
    assert_eq!(breaker.admit(then), Err(WAITS.delay(2, NO_DRAW)));
}

#[test]
fn a_channel_that_answers_forgets_every_failure_and_one_that_breaks_opens_again_at_once() {
    let now = Instant::now();
    for answers in [true, false] {
        let mut breaker = opened(now);
        let then = now + WAITS.most;
        assert_eq!(breaker.admit(then), Ok(()));
        breaker.established();
        assert_eq!(breaker.state(), BreakerState::Closed);
        if answers {
            breaker.answered();
        }
        assert_eq!(breaker.failed(then, NO_DRAW), !answers);
        assert!(!breaker.is_forgettable(then));
    }
}

#[test]
fn answers_on_an_older_channel_do_not_hide_that_dials_fail() {
    let now = Instant::now();
    let mut breaker = Breaker::default();
    for _ in 1..BREAKER_FAILURES_MAX {
        assert!(!breaker.failed(now, NO_DRAW));
        breaker.answered();
    }
    assert!(breaker.failed(now, NO_DRAW));
}

#[test]
fn an_abandoned_trial_says_nothing_and_leaves_room_for_another() {
    let now = Instant::now();
    let mut breaker = opened(now);
    let then = now + WAITS.most;
    assert_eq!(breaker.admit(then), Ok(()));
    breaker.abandoned(then);
    assert_eq!(breaker.state(), BreakerState::Open);
    assert_eq!(breaker.admit(then), Ok(()));
}

#[test]
fn a_breaker_is_forgotten_only_when_that_changes_nothing() {
    let now = Instant::now();
    assert!(Breaker::default().is_forgettable(now));
    let breaker = opened(now);
    assert!(!breaker.is_forgettable(now + WAITS.most));
    assert!(breaker.is_forgettable(now + WAITS.most + WAITS.most));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Wait(u64),
    Admit,
    Established,
    Answered,
    Failed(u32),
    Abandoned,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_u64..40_000).prop_map(Step::Wait),
        Just(Step::Admit),
        Just(Step::Established),
        Just(Step::Answered),
        any::<u32>().prop_map(Step::Failed),
        Just(Step::Abandoned),
    ]
}

proptest! {
    /// Whatever happens in whatever order: an open breaker lets nothing through before its wait is
    /// over, a half-open one lets one trial through, and no wait is longer than the longest.
    #[test]
    fn lets_through_what_its_state_permits(steps in prop::collection::vec(step(), 0..80)) {
        let mut now = Instant::now();
        let mut breaker = Breaker::default();
        let (mut failures, mut trial) = (0_u32, None::<Instant>);
        for step in steps {
            let before = breaker.state();
            match step {
                Step::Wait(millis) => now += Duration::from_millis(millis),
                Step::Admit => match breaker.admit(now) {
                    Ok(()) if before == BreakerState::Closed => {}
                    Ok(()) => {
                        let alone = trial.is_none_or(|began| now >= began + BREAKER_TRIAL_MAX);
                        prop_assert!(alone, "a second trial");
                        prop_assert_eq!(breaker.state(), BreakerState::HalfOpen);
                        trial = Some(now);
                    }
                    Err(wait) => {
                        prop_assert_ne!(before, BreakerState::Closed);
                        prop_assert!(wait <= WAITS.most.max(BREAKER_TRIAL_MAX));
                        prop_assert!(breaker.clone().admit(now + wait).is_ok());
                    }
                },
                Step::Established => {
                    breaker.established();
                    trial = None;
                    prop_assert_eq!(breaker.state(), BreakerState::Closed);
                }
                Step::Answered => breaker.answered(),
                Step::Failed(draw) => {
                    failures += 1;
                    let opened = breaker.failed(now, Draw(draw));
                    prop_assert!(!opened || failures >= BREAKER_FAILURES_MAX);
                    prop_assert!(!opened || breaker.state() == BreakerState::Open);
                    trial = None;
                }
                Step::Abandoned => {
                    breaker.abandoned(now);
                    trial = None;
                }
            }
        }
    }
}
