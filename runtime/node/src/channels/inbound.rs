//! An accepted channel: HTTP/2 from the peer to the gateway, until it has to close.

use core::convert::Infallible;
use core::pin::pin;
use std::sync::Arc;

use cloister_gateway::{Body, BodyError, Inbound};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::carrier::{Carrier, ended};
use super::end::{Draining, End};
use super::own_stream::Acceptor;
use super::table::Known;
use super::usage::Usage;
use super::{ChannelError, Facts, Notice};
use crate::config::Limits;
use crate::limits::{HEADERS_BYTES_MAX, STREAMS_MAX};
use crate::state::State;

/// Serves `carrier` until the peer ends it, it goes unused, or it has to close.
pub(super) async fn serve<S>(carrier: Carrier<S>, gateway: Inbound, limits: Limits)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Carrier { stream, registration, keeper, usage, state } = carrier;
    let (mut notice, known) = (registration.notice(), registration.known());
    let (own_stream, opened) = Acceptor::new();
    let streams = Streams {
        gateway,
        own_stream,
        notice: notice.clone(),
        usage: usage.clone(),
        known: known.clone(),
        state: Arc::clone(&state),
    };
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.keepalive)
        .keep_alive_timeout(limits.keepalive)
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEADERS_BYTES_MAX)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(move |request| streams.clone().answer(request)),
        );
    let mut connection = pin!(connection);
    let finish = CancellationToken::new();
    let opening = async { opened.await.ok() };
    let mut keeping = pin!(keeper.keep(opening, finish.clone()));
    let end = tokio::select! {
        ended = connection.as_mut() => End::of(&ended),
        closing = notice.wait() => End::Closed(closing),
        () = usage.idle_for(limits.idle_timeout) => End::Idle,
        over = keeping.as_mut() => over,
    };
    let end = if end.drains() {
        connection.as_mut().graceful_shutdown();
        Draining { connection, keeping, finish, usage, notice, limits }.end(end).await
    } else {
        end
    };
    ended(&known.now(), end, &state);
}

/// What every stream of one channel needs.
#[derive(Clone)]
struct Streams {
    gateway: Inbound,
    own_stream: Acceptor,
    notice: Notice,
    usage: Usage,
    known: Known<Facts>,
    state: Arc<State>,
}

impl Streams {
    /// Hands one request to the gateway. An error resets the stream.
    async fn answer(mut self, request: Request<Incoming>) -> Result<Response<Body>, BodyError> {
        let facts = self.known.now();
        if !self.takes_streams(&facts) {
            return Err(NotTaken(h2::Reason::REFUSED_STREAM.into()).into());
        }
        if Acceptor::is_for(&request) {
            return Ok(self.own_stream.answer(request));
        }
        let in_use = self.usage.begin();
        let answered = async {
            let response = self.gateway.call(facts.peer, request).await;
            Ok::<_, Infallible>(response.map(|body| in_use.hold(body)))
        };
        tokio::select! {
            biased;
            closing = self.notice.lost() => Err(ChannelError::Closed(Some(closing)).into()),
            Ok(response) = answered => Ok(response),
        }
    }

    /// Not without permission. A channel that drains takes what was sent before the peer heard so.
    ///
    /// SECURITY: the end of a lease counts from its second on, not from when it is noticed.
    fn takes_streams(&self, facts: &Facts) -> bool {
        let permitted = match self.notice.given() {
            Some(closing) => !closing.is_loss(),
            None => !self.notice.is_over(),
        };
        permitted && self.state.clock().now() < facts.ends()
    }
}

/// Nothing of the request was handed on, and the peer is told so: it may send it elsewhere.
#[derive(Debug, thiserror::Error)]
#[error("the channel takes no streams")]
struct NotTaken(#[source] h2::Error);

#[cfg(test)]
mod tests;
