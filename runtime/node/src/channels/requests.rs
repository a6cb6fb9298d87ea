//! HTTP/2 on a connection that was dialled.
//!
//! A request is put on it by the task that makes it, which reads the answer as well: between that
//! task and the one of the connection there is no queue. Dropping the [`Connection`] ends every
//! request on it at once.

mod answer;
mod pulse;
mod sending;

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use bytes::Bytes;
use cloister_gateway::Body;
use h2::client::{Builder, SendRequest};
use http::header::{CONTENT_LENGTH, HeaderMap, HeaderValue};
use http::{Method, Request, Response};
use http_body::Body as _;
use tokio::io::{AsyncRead, AsyncWrite};

use super::coalesce::{Coalesced, Turns, coalesced};
use super::usage::Usage;
use crate::config::Limits;
use crate::limits::{
    CHANNEL_WINDOW_BYTES, HEADERS_BYTES_MAX, SEND_BUFFER_BYTES_MAX, STREAM_WINDOW_BYTES,
};
pub(super) use answer::Answer;
use pulse::Pulse;
use sending::Sending;

/// Requests that may be on a connection before its other end has said how many it takes.
///
/// SPEC: RFC 9113 section 6.5.2, the least that it may well say.
const STREAMS_AT_FIRST: usize = 100;

/// The way onto a connection. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Requests(SendRequest<Bytes>);

/// A request that got no answer.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) error: h2::Error,
    /// Nothing of it was put on the connection.
    pub(super) unsent: bool,
}

/// The connection itself, which does nothing unless it is polled.
pub(super) struct Connection<S> {
    inner: h2::client::Connection<Coalesced<S>, Bytes>,
    turns: Turns,
    pulse: Pulse,
}

/// Why a connection ended that ought not to have.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    /// It broke, or the peer broke the protocol.
    #[error(transparent)]
    Http(#[from] h2::Error),
    /// The peer does not answer.
    #[error("the peer is silent")]
    Silent,
}

/// Starts HTTP/2 on `stream`. `usage` tells how many requests there are.
///
/// # Errors
/// What the stream fails with.
pub(super) async fn start<S>(
    stream: S,
    usage: Usage,
    limits: Limits,
) -> Result<(Requests, Connection<S>), h2::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (stream, flusher) = coalesced(stream, usage);
    let (requests, mut inner) = Builder::new()
        .enable_push(false)
        .initial_max_send_streams(STREAMS_AT_FIRST)
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CHANNEL_WINDOW_BYTES)
        .max_send_buffer_size(SEND_BUFFER_BYTES_MAX)
        .max_header_list_size(HEADERS_BYTES_MAX)
        .handshake(stream)
        .await?;
    let pulse = Pulse::new(inner.ping_pong(), limits.keepalive);
    Ok((Requests(requests), Connection { inner, turns: flusher.turns(), pulse }))
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Connection<S> {
    type Output = Result<(), Lost>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { inner, turns, pulse } = &mut *self;
        let reads = turns.reads();
        turns.poll(cx, |cx| {
            if pulse.is_lost(reads, cx) {
                return Poll::Ready(Err(Lost::Silent));
            }
            Pin::new(inner).poll(cx).map_err(Lost::Http)
        })
    }
}

impl Requests {
    /// Whether no request can be put on the connection any more.
    pub(super) fn is_closed(&mut self) -> bool {
        let ready = self.0.poll_ready(&mut Context::from_waker(Waker::noop()));
        matches!(ready, Poll::Ready(Err(_)))
    }

    /// Sends a request, and waits for the head of its answer. Dropping the future, or the body of
    /// the answer, resets the stream, unless the request's own body still goes on.
    pub(super) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Answer>, Unanswered> {
        let unsent = |error| Unanswered { error, unsent: true };
        let (head, body) = request.into_parts();
        let mut head = Request::from_parts(head, ());
        let method = head.method().clone();
        declare_length(&method, head.headers_mut(), &body);
        poll_fn(|cx| self.0.poll_ready(cx)).await.map_err(unsent)?;
        let is_whole = body.is_end_stream();
        let (mut answer, stream) = self.0.send_request(head, is_whole).map_err(unsent)?;
        let mut sending = (!is_whole).then(|| Sending::new(body, stream));
        let answered = poll_fn(|cx| {
            let sent = sending.as_mut().map(|sending| Pin::new(sending).poll(cx));
            if sent.is_some_and(|sent| sent.is_ready()) {
                sending = None;
            }
            Pin::new(&mut answer).poll(cx)
        });
        let response = answered.await.map_err(|error| Unanswered { error, unsent: false })?;
        if let Some(rest) = sending {
            // It goes on whether or not the answer is read meanwhile, and ends with the connection.
            drop(tokio::spawn(rest));
        }
        Ok(Answer::of(response))
    }
}

/// Says how long a body is, where that is known and not said.
fn declare_length(method: &Method, headers: &mut HeaderMap, body: &Body) {
    let has_meaning = matches!(*method, Method::POST | Method::PUT | Method::PATCH);
    let exact = body.size_hint().exact().filter(|bytes| *bytes > 0 || has_meaning);
    if let Some(bytes) = exact
        && !headers.contains_key(CONTENT_LENGTH)
    {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes));
    }
}

#[cfg(test)]
mod tests;
