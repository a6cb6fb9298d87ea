//! How channels end.

use core::future::{Future, pending};

use cloister_channel::life::Ending;
use tokio_util::sync::CancellationToken;

use super::usage::Usage;
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
    /// The peer's new lease is not believed, or policy refuses it.
    Renewal(Refusal),
    /// The peer ended it.
    Peer,
    /// The connection broke.
    Broken,
}

/// Why a renewal ended its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The new lease or its proof does not hold.
    Unbelieved,
    /// Policy does not let the peer stay.
    Refused,
}

impl End {
    /// Of a channel whose life is over.
    pub(super) const fn of_life(ending: &Ending) -> Self {
        match ending {
            Ending::Revoked { .. } => Self::Closed(Closing::Revoked),
            Ending::Renewal(_) => Self::Renewal(Refusal::Unbelieved),
            Ending::RenewalRefused => Self::Renewal(Refusal::Refused),
            Ending::Closed => Self::Peer,
            // Whatever else ends a life takes a lease's worth away.
            Ending::LeaseEnded { .. }
            | Ending::PolicyEpoch { .. }
            | Ending::Untrusted { .. }
            | _ => Self::Closed(Closing::LeaseEnded),
        }
    }

    /// What becomes of a renewal that ended its channel, for metrics.
    pub(super) const fn refused_renewal(self) -> Option<&'static str> {
        match self {
            Self::Renewal(Refusal::Unbelieved) => Some("unbelieved"),
            Self::Renewal(Refusal::Refused) => Some("refused"),
            Self::Idle | Self::Superseded | Self::Closed(_) | Self::Peer | Self::Broken => None,
        }
    }

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
            Self::Closed(Closing::Forbidden) => "forbidden",
            Self::Closed(Closing::Shutdown) => "shutdown",
            Self::Renewal(Refusal::Unbelieved) => "renewal_unbelieved",
            Self::Renewal(Refusal::Refused) => "renewal_refused",
            Self::Peer => "peer",
            Self::Broken => "broken",
        }
    }

    /// Whether the streams on it may come to their ends.
    pub(super) const fn drains(self) -> bool {
        match self {
            Self::Idle | Self::Superseded | Self::Closed(Closing::Shutdown) => true,
            // SECURITY: dropping the connection resets every stream on it at once.
            Self::Closed(Closing::LeaseEnded | Closing::Revoked | Closing::Forbidden)
            | Self::Renewal(_) => false,
            Self::Peer | Self::Broken => false,
        }
    }
}

/// A connection that takes no new streams.
pub(super) struct Draining<C, K> {
    pub(super) connection: C,
    /// Keeps the channel meanwhile.
    pub(super) keeping: K,
    /// Tells the keeper that the channel's own stream is not needed any more.
    pub(super) finish: CancellationToken,
    pub(super) usage: Usage,
    pub(super) notice: Notice,
    pub(super) limits: Limits,
}

impl<C, K> Draining<C, K> {
    /// Waits for the streams to end: for as long as the configuration says; where another channel
    /// took its place, until the runtime shuts down. Says how it ended.
    ///
    /// SECURITY: a channel that drains can lose its permission like any other.
    pub(super) async fn end<E>(self, end: End) -> End
    where
        C: Future<Output = Result<(), E>>,
        K: Future<Output = End>,
    {
        let Self { connection, keeping, finish, usage, mut notice, limits } = self;
        let mut shutdown = notice.clone();
        let patience = async {
            if end == End::Superseded {
                shutdown.wait().await;
            }
            tokio::time::sleep(limits.drain_timeout).await;
        };
        let unused = async {
            usage.unused().await;
            finish.cancel();
            pending::<End>().await
        };
        tokio::select! {
            biased;
            closing = notice.lost() => End::Closed(closing),
            _ = connection => end,
            never = unused => never,
            lost = keeping => lost,
            () = patience => end,
        }
    }
}

#[cfg(test)]
mod tests {
    use core::future::{Future, pending};
    use core::time::Duration;
    use std::sync::Arc;

    use tokio::time::Instant;

    use super::{CancellationToken, Draining, End, Notice, Usage};
    use crate::channels::{Closing, Table};
    use crate::config::Limits;

    fn table() -> Arc<Table<()>> {
        Arc::new(Table::new(1))
    }

    async fn drain(
        connection: impl Future<Output = Result<(), ()>>,
        notice: Notice,
        end: End,
    ) -> End {
        let limits = Limits { drain_timeout: Duration::from_secs(10), ..Limits::default() };
        let (finish, usage) = (CancellationToken::new(), Usage::default());
        Draining { connection, keeping: pending(), finish, usage, notice, limits }.end(end).await
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_channel_that_does_not_drain_is_waited_for_no_longer_than_configured() {
        let open = table().enter(()).unwrap();
        let began = Instant::now();
        assert_eq!(drain(pending(), open.notice(), End::Idle).await, End::Idle);
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
        assert_eq!(drain(pending(), notice, End::Superseded).await, End::Superseded);
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
            let ended = drain(pending(), open.notice(), end).await;
            assert_eq!(ended, End::Closed(Closing::Revoked));
            assert_eq!(began.elapsed(), Duration::ZERO);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_channel_that_has_drained_is_not_waited_for() {
        let open = table().enter(()).unwrap();
        let end = End::Closed(Closing::Shutdown);
        assert_eq!(drain(async { Ok(()) }, open.notice(), end).await, end);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_ends_cuts_a_drain_and_the_own_stream_ends_with_the_last_other() {
        let open = table().enter(()).unwrap();
        let (finish, usage) = (CancellationToken::new(), Usage::default());
        let in_use = usage.begin();
        let draining = Draining {
            connection: pending::<Result<(), ()>>(),
            keeping: async {
                tokio::time::sleep(Duration::from_secs(2)).await;
                End::Closed(Closing::LeaseEnded)
            },
            finish: finish.clone(),
            usage,
            notice: open.notice(),
            limits: Limits::default(),
        };
        let draining = tokio::spawn(draining.end(End::Superseded));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!finish.is_cancelled(), "while a stream runs");
        drop(in_use);
        finish.cancelled().await;
        assert_eq!(draining.await.unwrap(), End::Closed(Closing::LeaseEnded));
    }
}
