//! A dialled channel: HTTP/2 from the gateway to the peer, until it has to close.

use core::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::Diagnostic as _;
use cloister_gateway::{Body, boxed};
use cloister_policy::Subject;
use http::{Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

use super::carrier::{Carrier, Opened};
use super::end::{Draining, End};
use super::keeper::Keeper;
use super::own_stream::OwnStream;
use super::peers::Pooled;
use super::replay::Replay;
use super::requests::{self, Connection, Requests, Unanswered};
use super::table::Known;
use super::usage::Usage;
use super::witness::{Departure, Witnessing};
use super::{ChannelError, Facts, Notice, Registration};
use crate::config::Limits;
use crate::limits::REQUESTS_MAX;
use crate::state::State;

/// An open channel to one peer instance.
#[derive(Debug)]
pub(crate) struct Outbound {
    line: Arc<Line>,
    known: Known<Facts>,
    notice: Notice,
    usage: Usage,
    /// This side's key that the connection was made with.
    channel_key: Digest48,
    state: Arc<State>,
}

/// A request that got no response.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: ChannelError,
    /// It certainly did not reach the peer's gateway.
    pub(super) undelivered: bool,
}

/// The way onto a connection, until it is taken away.
#[derive(Debug)]
struct Line {
    requests: Mutex<Option<Requests>>,
    retired: CancellationToken,
}

impl Line {
    fn requests(&self) -> Option<Requests> {
        self.lock().clone()
    }

    fn is_closed(&self) -> bool {
        self.lock().as_mut().is_none_or(Requests::is_closed)
    }

    /// Once nobody can put a request on it, a connection ends with its last stream.
    fn close(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Requests>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbound {
    /// Starts HTTP/2 on `carrier`; the connection lives on a task in `tasks`.
    ///
    /// # Errors
    /// [`ChannelError::Http`].
    pub(super) async fn start<S>(
        carrier: Carrier<S>,
        limits: Limits,
        tasks: &TaskTracker,
    ) -> Result<Self, ChannelError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Carrier { stream, registration, keeper, usage, opened, state } = carrier;
        let (requests, connection) = requests::start(stream, usage.clone(), limits).await?;
        let retired = CancellationToken::new();
        let line = Arc::new(Line { requests: Mutex::new(Some(requests.clone())), retired });
        let (known, notice) = (registration.known(), registration.notice());
        let channel_key = known.now().own_lease.claims().channel_key;
        let witnessing = Witnessing::new(Arc::clone(state.audit()), known.clone());
        let channel = Self {
            line: Arc::clone(&line),
            known,
            notice,
            usage: usage.clone(),
            channel_key,
            state: Arc::clone(&state),
        };
        let run = Run { line, registration, usage, witnessing, limits };
        drop(tasks.spawn(run.until_over(connection, requests, keeper, opened)));
        Ok(channel)
    }

    /// Who is at the other end, as its lease says that counts now.
    pub(super) fn peer(&self) -> Arc<Subject> {
        self.known.now().peer
    }

    /// Whether it ended without this side having a reason to end it.
    pub(super) fn is_broken(&self) -> bool {
        self.notice.given().is_none() && !self.is_live()
    }

    /// Sends one request.
    ///
    /// # Errors
    /// [`Failed`], which says whether it may be sent again.
    pub(super) async fn request(&self, request: Request<Body>) -> Result<Response<Body>, Failed> {
        let untouched = |error| Failed { error, undelivered: true };
        let Some(in_use) = self.usage.begin_below(REQUESTS_MAX) else {
            self.state.events().queue_refusals.add_one();
            return Err(untouched(ChannelError::Queue(self.peer().agent.clone())));
        };
        // In this order: a channel that drains waits for what began before it was asked.
        let live = if self.is_live() { self.line.requests() } else { None };
        let Some(mut requests) = live else {
            return Err(untouched(ChannelError::Closed(self.notice.given())));
        };
        match requests.send(request).await {
            Ok(response) => Ok(response.map(|body| in_use.hold(boxed(body)))),
            Err(Unanswered { error, unsent }) => {
                let undelivered = unsent || is_refusal(&error);
                let error = match self.notice.given() {
                    Some(closing) => ChannelError::Closed(Some(closing)),
                    None => ChannelError::Http(error),
                };
                debug!(code = error.code().id, %error, undelivered, "a request failed");
                Err(Failed { error, undelivered })
            }
        }
    }
}

impl Pooled for Outbound {
    fn is_live(&self) -> bool {
        !self.line.is_closed()
            && !self.notice.is_over()
            && self.state.clock().now() < self.known.now().ends()
    }

    /// A new lease comes with a new channel key, which only a new connection can have.
    fn is_fresh(&self) -> bool {
        let latest = self.state.latest();
        let current = latest.map(|standing| standing.credentials.lease().claims().channel_key);
        self.is_live() && current == Some(self.channel_key)
    }

    fn retire(&self) {
        self.line.retired.cancel();
    }
}

/// Whether the peer said that it did not and will not process the request. Everything else that
/// ends a request may have ended it after it was processed.
///
/// SPEC: RFC 9113 section 8.7: a stream reset with `REFUSED_STREAM`, and a stream above the last one
/// that a `GOAWAY` names, which is the only error of that kind that h2 gives a stream.
fn is_refusal(error: &h2::Error) -> bool {
    let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    let going = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
    error.is_remote() && (refused || going)
}

/// What the connection's task needs.
struct Run {
    line: Arc<Line>,
    registration: Registration<Facts>,
    usage: Usage,
    witnessing: Witnessing,
    limits: Limits,
}

impl Run {
    /// As [`Self::until_end`], and puts it on record.
    async fn until_over<S>(
        self,
        connection: Connection<Replay<S>>,
        requests: Requests,
        keeper: Keeper,
        opened: Opened,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let _departure = Departure::of(&self.witnessing);
        opened.over(self.until_end(connection, requests, keeper).await);
    }

    /// Shows the peer this side's audit log. Never returns.
    async fn witness(&self) -> End {
        self.witnessing.ask(|| self.line.requests()).await;
        core::future::pending().await
    }

    /// Drives the connection until nobody needs it, or until it has to close. Whatever still runs on
    /// it then is cut.
    async fn until_end<S>(
        self,
        connection: Connection<Replay<S>>,
        requests: Requests,
        keeper: Keeper,
    ) -> End
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut notice = self.registration.notice();
        // SECURITY: it is here and on no task of its own, so that dropping it ends all that is on it.
        let mut connection = pin!(connection);
        let authority = format!("{}.cloister", self.registration.known().now().peer.agent);
        let finish = CancellationToken::new();
        let opening = OwnStream::open(requests, &authority);
        let mut keeping = pin!(keeper.keep(opening, finish.clone()));
        let end = tokio::select! {
            ended = connection.as_mut() => End::of(&ended),
            () = self.usage.idle_for(self.limits.idle_timeout) => End::Idle,
            () = self.line.retired.cancelled() => End::Superseded,
            closing = notice.wait() => End::Closed(closing),
            over = keeping.as_mut() => over,
            // It is dropped here with whatever it has open, so that a drain does not wait for it.
            never = self.witness() => never,
        };
        if !end.drains() {
            return end;
        }
        self.line.close();
        let (usage, limits) = (self.usage.clone(), self.limits);
        Draining { connection, keeping, finish, usage, notice, limits }.end(end).await
    }
}

#[cfg(test)]
pub(super) mod tests;
