//! How long a channel has gone unused.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

use cloister_gateway::{Body, held};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::limits::COALESCED_STREAMS_MIN;

/// Counts the streams of one channel. Cheap to clone.
///
/// Nobody is woken by a stream that begins or ends, but who waits for the last one: a channel has
/// many streams, and is seldom about to close.
#[derive(Clone, Debug)]
pub(super) struct Usage(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    streams: AtomicUsize,
    /// When the last stream ended.
    last_ended: Mutex<Instant>,
    unused: Notify,
}

impl Default for Usage {
    fn default() -> Self {
        Self(Arc::new(Counts {
            streams: AtomicUsize::new(0),
            last_ended: Mutex::new(Instant::now()),
            unused: Notify::new(),
        }))
    }
}

impl Usage {
    /// One stream more, until the guard is dropped.
    pub(super) fn begin(&self) -> InUse {
        self.0.streams.fetch_add(1, Ordering::AcqRel);
        InUse(self.clone())
    }

    /// One stream more, unless there are `most` already.
    pub(super) fn begin_below(&self, most: u32) -> Option<InUse> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let one_more = |streams: usize| (streams < most).then(|| streams.saturating_add(1));
        let begun = self.0.streams.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
        begun.is_ok().then(|| InUse(self.clone()))
    }

    /// Waits until there is no stream.
    pub(super) async fn unused(&self) {
        loop {
            // In this order: whoever ends after the look tells.
            let told = self.0.unused.notified();
            if self.is_unused() {
                return;
            }
            told.await;
        }
    }

    /// Waits until there has been no stream for `limit`.
    pub(super) async fn idle_for(&self, limit: Duration) {
        let asked = Instant::now();
        loop {
            // A stream that is in use now ends later: no earlier look can find it idle for so long.
            let now = Instant::now();
            let since = if self.is_unused() { self.last_ended().max(asked) } else { now };
            let due = since + limit;
            if due <= now {
                return;
            }
            tokio::time::sleep_until(due).await;
        }
    }

    /// Whether there are so many that one need not be waited for alone.
    pub(super) fn is_shared(&self) -> bool {
        self.0.streams.load(Ordering::Relaxed) >= COALESCED_STREAMS_MIN
    }

    fn is_unused(&self) -> bool {
        self.0.streams.load(Ordering::Acquire) == 0
    }

    fn last_ended(&self) -> Instant {
        *self.0.last_ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        let mut since = self.0.last_ended.lock().unwrap_or_else(PoisonError::into_inner);
        *since = Instant::now();
        drop(since);
        if self.0.streams.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.unused.notify_waiters();
        }
    }
}

/// One stream in use.
#[derive(Debug)]
pub(super) struct InUse(Usage);

impl InUse {
    /// Keeps the stream in use until `body` has ended.
    pub(super) fn hold(self, body: Body) -> Body {
        held(body, self)
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use cloister_gateway::full;

    use super::Usage;

    #[tokio::test(start_paused = true)]
    async fn a_held_body_keeps_the_channel_in_use() {
        let usage = Usage::default();
        let body = usage.begin().hold(full("x"));
        let limit = Duration::from_secs(5);
        let busy = tokio::time::timeout(Duration::from_secs(60), usage.idle_for(limit)).await;
        assert!(busy.is_err(), "idle while a body was held");
        drop(body);
        usage.idle_for(limit).await;
    }

    #[test]
    fn no_more_streams_begin_than_may() {
        let usage = Usage::default();
        let first = usage.begin_below(1).unwrap();
        assert!(usage.begin_below(1).is_none());
        drop(first);
        assert!(usage.begin_below(1).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn each_use_starts_the_wait_again() {
        let usage = Usage::default();
        let limit = Duration::from_secs(5);
        let began = tokio::time::Instant::now();
        let idle = tokio::spawn({
            let usage = usage.clone();
            async move { usage.idle_for(limit).await }
        });
        tokio::time::sleep(Duration::from_secs(3)).await;
        drop(usage.begin());
        idle.await.unwrap();
        assert_eq!(began.elapsed(), Duration::from_secs(8));
    }
}
