//! What a process answers, as an answer of Streamable HTTP.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc;

use super::exchange::Piece;
use super::outgoing::Outgoing;
use super::process::{Process, Question};
use crate::body::{Body, BodyError, boxed, full};
use crate::mcp::error::McpError;
use crate::mcp::event::event;

/// The answer to a request: one message, or a stream if something comes before it.
pub(super) async fn reply(
    process: Arc<Process>,
    request: Outgoing,
    headers: &HeaderMap,
) -> Result<Response<Body>, McpError> {
    let streams = takes_events(headers);
    let mut question = process.ask(&request).await?;
    loop {
        match question.pieces.recv().await {
            Some(Piece::Answer(message)) => return Ok(json(message)),
            Some(Piece::Beside(message)) if streams => {
                return Ok(stream(Pieces { first: Some(message), from: From::Question(question) }));
            }
            // Whoever takes no events does not hear of it.
            Some(Piece::Beside(_)) => {}
            None => return Err(McpError::Program("it ended before it answered")),
        }
    }
}

/// Everything that comes, as a stream without an end of its own.
pub(super) fn events(from: mpsc::Receiver<Piece>) -> Response<Body> {
    stream(Pieces { first: None, from: From::Session(from) })
}

/// That a message was taken.
pub(super) fn accepted() -> Response<Body> {
    super::status(StatusCode::ACCEPTED)
}

fn takes_events(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = accepts.flat_map(|value| value.split(','));
    kinds.any(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        matches!(kind, "text/event-stream" | "text/*" | "*/*")
    })
}

fn json(message: Bytes) -> Response<Body> {
    typed("application/json", full(message))
}

fn stream(pieces: Pieces) -> Response<Body> {
    typed("text/event-stream", boxed(pieces))
}

fn typed(kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Messages as events.
struct Pieces {
    first: Option<Bytes>,
    from: From,
}

enum From {
    /// Ends with the answer.
    Question(Question),
    /// Ends with the process, or the next listener.
    Session(mpsc::Receiver<Piece>),
    Nobody,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(event(&first)))));
        }
        let next = match &mut self.from {
            From::Question(question) => question.pieces.poll_recv(cx),
            From::Session(pieces) => pieces.poll_recv(cx),
            From::Nobody => Poll::Ready(None),
        };
        next.map(|piece| match piece {
            Some(Piece::Beside(message)) => Some(Ok(Frame::data(event(&message)))),
            Some(Piece::Answer(message)) => {
                self.from = From::Nobody;
                Some(Ok(Frame::data(event(&message))))
            }
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && matches!(self.from, From::Nobody)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
