use std::sync::Arc;
use std::time::Duration;

use cloister_attestation::time::UnixTime;
use futures_util::FutureExt as _;

use super::{Host, Ticket};
use crate::limits::{BACK_OFF_MAX, BACK_OFF_MIN, REQUESTS_PER_HOST_MAX, RETRY_AFTER_MAX};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

async fn enter(host: &Arc<Host>, now: UnixTime) -> Result<Ticket, UnixTime> {
    Arc::clone(host).enter(now).await
}

#[tokio::test]
async fn each_failure_doubles_the_wait_up_to_the_limit() {
    let host = Arc::new(Host::new());
    let mut now = NOW;
    let mut expected = BACK_OFF_MIN;
    for _ in 0..12 {
        let until = enter(&host, now).await.unwrap().failed(now, None);
        assert_eq!(until.since(now), expected);
        assert_eq!(enter(&host, until.minus(Duration::from_secs(1))).await.unwrap_err(), until);
        now = until;
        expected = (expected * 2).min(BACK_OFF_MAX);
    }
    enter(&host, now).await.unwrap().succeeded();
    let until = enter(&host, now).await.unwrap().failed(now, None);
    assert_eq!(until.since(now), BACK_OFF_MIN, "a success starts over");
}

#[tokio::test]
async fn what_the_host_asks_for_counts_within_bounds() {
    for (asked, waits) in [
        (Duration::from_secs(17), Duration::from_secs(17)),
        (Duration::ZERO, BACK_OFF_MIN),
        (Duration::from_secs(u64::MAX), RETRY_AFTER_MAX),
    ] {
        let host = Arc::new(Host::new());
        let until = enter(&host, NOW).await.unwrap().failed(NOW, Some(asked));
        assert_eq!(until.since(NOW), waits);
    }
}

#[tokio::test]
async fn after_the_wait_one_request_finds_out_alone() {
    let host = Arc::new(Host::new());
    let until = enter(&host, NOW).await.unwrap().failed(NOW, None);
    let probe = enter(&host, until).await.unwrap();
    assert!(enter(&host, until).await.is_err(), "a second one while the first is under way");
    drop(probe);
    enter(&host, until).await.unwrap().succeeded();
    let both = (enter(&host, until).await, enter(&host, until).await);
    assert!(both.0.is_ok() && both.1.is_ok());
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_close_a_host_for_longer() {
    let host = Arc::new(Host::new());
    enter(&host, NOW).await.unwrap().failed(NOW, None);
    let before = NOW.minus(RETRY_AFTER_MAX);
    assert!(enter(&host, before).await.is_ok());
}

#[tokio::test]
async fn requests_beyond_the_limit_wait_for_a_place() {
    let host = Arc::new(Host::new());
    let mut tickets = Vec::new();
    for _ in 0..REQUESTS_PER_HOST_MAX {
        tickets.push(enter(&host, NOW).await.unwrap());
    }
    let mut waiting = Box::pin(enter(&host, NOW));
    assert!(waiting.as_mut().now_or_never().is_none());
    tickets.pop();
    assert!(waiting.now_or_never().is_some());
}
