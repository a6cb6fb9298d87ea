//! HTTP/2 on an accepted connection, until it has to close: the same for peers and for visitors.

use core::future::{Future, poll_fn};
use core::pin::pin;

use cloister_attestation::time::UnixTime;
use cloister_gateway::{Body, BodyError};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::coalesce::coalesced;
use super::end::{Draining, End};
use super::usage::Usage;
use super::{ChannelError, Notice};
use crate::config::Limits;
use crate::limits::{HEADERS_BYTES_MAX, STREAMS_MAX};
use crate::state::State;

/// What ends a connection beside its two ends.
pub(super) struct Tether {
    pub(super) notice: Notice,
    pub(super) usage: Usage,
    /// Tells the keeper that the streams have ended.
    pub(super) finish: CancellationToken,
    pub(super) limits: Limits,
}

/// Serves `stream` until the other end ends it, it goes unused, `keeping` ends, or it has to close;
/// says how it ended.
pub(super) async fn carry<S, A, F>(
    stream: S,
    answer: A,
    keeping: impl Future<Output = End>,
    tether: Tether,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn(Request<Incoming>) -> F,
    F: Future<Output = Result<Response<Body>, BodyError>> + Send + 'static,
{
    let Tether { mut notice, usage, finish, limits } = tether;
    let (stream, flusher) = coalesced(stream, usage.clone());
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.keepalive)
        .keep_alive_timeout(limits.keepalive)
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADERS_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service_fn(answer));
    let (mut connection, mut keeping, mut turns) =
        (pin!(connection), pin!(keeping), flusher.turns());
    let end = tokio::select! {
        ended = poll_fn(|cx| turns.poll(cx, |cx| connection.as_mut().poll(cx))) => End::of(&ended),
        closing = notice.wait() => End::Closed(closing),
        () = usage.idle_for(limits.idle_timeout) => End::Idle,
        over = keeping.as_mut() => over,
    };
    if !end.drains() {
        return end;
    }
    connection.as_mut().graceful_shutdown();
    let connection = poll_fn(|cx| turns.poll(cx, |cx| connection.as_mut().poll(cx)));
    Draining { connection, keeping, finish, usage, notice, limits }.end(end).await
}

/// No stream is taken without permission. A connection that drains takes what was sent before the
/// other end heard so.
///
/// SECURITY: the end of a lease counts from its second on, not from when it is noticed.
pub(super) fn takes_streams(
    notice: &Notice,
    ends: UnixTime,
    state: &State,
) -> Result<(), BodyError> {
    let permitted = match notice.given() {
        Some(closing) => !closing.is_loss(),
        None => !notice.is_over(),
    };
    if permitted && state.clock().now() < ends {
        Ok(())
    } else {
        Err(NotTaken(h2::Reason::REFUSED_STREAM.into()).into())
    }
}

/// What a request is answered with, which uses the connection until its body has ended; an error,
/// which resets the stream, if the connection loses its permission first.
pub(super) async fn held(
    mut notice: Notice,
    usage: &Usage,
    response: impl Future<Output = Response<Body>>,
) -> Result<Response<Body>, BodyError> {
    let in_use = usage.begin();
    tokio::select! {
        biased;
        closing = notice.lost() => Err(ChannelError::Closed(Some(closing)).into()),
        response = response => Ok(response.map(|body| in_use.hold(body))),
    }
}

/// Nothing of the request was handed on, and the other end is told so: it may send it elsewhere.
#[derive(Debug, thiserror::Error)]
#[error("the channel takes no streams")]
struct NotTaken(#[source] h2::Error);
