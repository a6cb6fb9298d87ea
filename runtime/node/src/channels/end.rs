//! How channels end.

use core::future::Future;
use core::pin::Pin;

use super::{Closing, Notice};
use crate::config::Limits;

/// Why a channel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nobody used it.
    Idle,
    /// Another channel took its place.
    Superseded,
    /// This side had to close it.
    Closed(Closing),
    /// The peer ended it.
    Peer,
    /// The connection broke.
    Broken,
}

impl End {
    /// Of a connection that ended by itself.
    pub(super) fn of<E>(ended: &Result<(), E>) -> Self {
        if ended.is_ok() { Self::Peer } else { Self::Broken }
    }

    /// The name in metrics and in the log.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Superseded => "superseded",
            Self::Closed(Closing::LeaseEnded) => "lease_ended",
            Self::Closed(Closing::Revoked) => "revoked",
            Self::Closed(Closing::Shutdown) => "shutdown",
            Self::Peer => "peer",
            Self::Broken => "broken",
        }
    }

    /// Whether the streams on it may come to their ends.
    pub(super) const fn drains(self) -> bool {
        match self {
            Self::Idle | Self::Superseded | Self::Closed(Closing::Shutdown) => true,
            // SECURITY: dropping the connection resets every stream on it at once.
            Self::Closed(Closing::LeaseEnded | Closing::Revoked) => false,
            Self::Peer | Self::Broken => false,
        }
    }
}

/// Waits for the streams of a connection that takes no new ones: for as long as the configuration
/// says; where another channel took its place, until the runtime shuts down. Says how it ended.
///
/// SECURITY: a channel that drains can lose its permission like any other.
pub(super) async fn drain<E>(
    connection: Pin<&mut impl Future<Output = Result<(), E>>>,
    mut notice: Notice,
    end: End,
    limits: Limits,
) -> End {
    let mut shutdown = notice.clone();
    let patience = async {
        if end == End::Superseded {
            shutdown.wait().await;
        }
        tokio::time::sleep(limits.drain_timeout).await;
    };
    tokio::select! {
        biased;
        closing = notice.lost() => End::Closed(closing),
        _ = connection => end,
        () = patience => end,
    }
}

#[cfg(test)]
mod tests {
    use core::future::pending;
    use core::pin::pin;
    use core::time::Duration;
    use std::sync::Arc;

    use tokio::time::Instant;

    use super::{End, drain};
    use crate::channels::{Closing, Table};
    use crate::config::Limits;

    fn table() -> Arc<Table<()>> {
        Arc::new(Table::new(1))
    }

    fn limits() -> Limits {
        Limits { drain_timeout: Duration::from_secs(10), ..Limits::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_channel_that_does_not_drain_is_waited_for_no_longer_than_configured() {
        let open = table().enter(()).unwrap();
        let began = Instant::now();
        let connection = pin!(pending::<Result<(), ()>>());
        assert_eq!(drain(connection, open.notice(), End::Idle, limits()).await, End::Idle);
        assert_eq!(began.elapsed(), Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_superseded_channel_has_time_until_the_runtime_shuts_down() {
        let (table, hour) = (table(), Duration::from_secs(3600));
        let open = table.enter(()).unwrap();
        let began = Instant::now();
        let (closer, notice) = (Arc::clone(&table), open.notice());
        tokio::spawn(async move {
            tokio::time::sleep(hour).await;
            closer.close(|()| Some(Closing::Shutdown));
        });
        let connection = pin!(pending::<Result<(), ()>>());
        assert_eq!(drain(connection, notice, End::Superseded, limits()).await, End::Superseded);
        assert_eq!(began.elapsed(), hour + Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_revocation_does_not_wait_for_a_drain() {
        for end in [End::Idle, End::Superseded, End::Closed(Closing::Shutdown)] {
            let table = table();
            let open = table.enter(()).unwrap();
            let began = Instant::now();
            table.close(|()| Some(Closing::Shutdown));
            table.close(|()| Some(Closing::Revoked));
            let connection = pin!(pending::<Result<(), ()>>());
            let ended = drain(connection, open.notice(), end, limits()).await;
            assert_eq!(ended, End::Closed(Closing::Revoked));
            assert_eq!(began.elapsed(), Duration::ZERO);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_channel_that_has_drained_is_not_waited_for() {
        let open = table().enter(()).unwrap();
        let connection = pin!(async { Ok::<(), ()>(()) });
        let end = End::Closed(Closing::Shutdown);
        assert_eq!(drain(connection, open.notice(), end, limits()).await, end);
    }
}
