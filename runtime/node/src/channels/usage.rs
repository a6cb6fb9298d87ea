//! How long a channel has gone unused.

use core::time::Duration;
use std::sync::Arc;

use cloister_gateway::{Body, held};
use tokio::sync::watch;

/// Counts the streams of one channel. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Usage(Arc<watch::Sender<usize>>);

impl Default for Usage {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Usage {
    /// One stream more, until the guard is dropped.
    pub(super) fn begin(&self) -> InUse {
        self.0.send_modify(|streams| *streams = streams.saturating_add(1));
        InUse(self.clone())
    }

    /// One stream more, unless there are `most` already.
    pub(super) fn begin_below(&self, most: u32) -> Option<InUse> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let begun = self.0.send_if_modified(|streams| {
            let fits = *streams < most;
            *streams = streams.saturating_add(usize::from(fits));
            fits
        });
        begun.then(|| InUse(self.clone()))
    }

    /// Waits until there is no stream.
    pub(super) async fn unused(&self) {
        // The sender is in `self`, so waiting cannot fail; if it did, nothing is in use.
        drop(self.0.subscribe().wait_for(|streams| *streams == 0).await);
    }

    /// Waits until there has been no stream for `limit`.
    pub(super) async fn idle_for(&self, limit: Duration) {
        let mut streams = self.0.subscribe();
        loop {
            // The sender is in `self`, so waiting cannot fail; if it did, nothing is in use.
            drop(streams.wait_for(|streams| *streams == 0).await);
            tokio::select! {
                biased;
                changed = streams.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(limit) => return,
            }
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
        self.0.0.send_modify(|streams| *streams = streams.saturating_sub(1));
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
