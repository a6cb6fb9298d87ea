//! A request on a connection, and its answer, which drives the connection as it is read.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use super::line::{Failed, Line};
use super::pool::Pool;
use crate::body::{Body, BodyError, boxed};

/// Sends `request` on `line`. The line comes back to the pool once the answer has been read.
pub(super) async fn exchange(
    pool: &Arc<Pool>,
    mut line: Line,
    request: Request<Body>,
) -> Result<Response<Body>, Failed> {
    let sent = Arc::new(AtomicBool::new(request.body().is_end_stream()));
    let request = request.map(|body| boxed(Sending { body, sent: Arc::clone(&sent) }));
    let response = line.ask(request).await?;
    let is_sent = sent.load(Ordering::Acquire);
    Ok(response.map(|body| {
        if !is_sent {
            // The rest of the request goes on whether or not the answer is read meanwhile.
            line.leave();
            return boxed(body);
        }
        if body.is_end_stream() {
            pool.put(line);
            return boxed(body);
        }
        boxed(Answer { body, line: Some(line), pool: Arc::clone(pool) })
    }))
}

/// A request's body, which tells when all of it was taken.
struct Sending {
    body: Body,
    sent: Arc<AtomicBool>,
}

impl http_body::Body for Sending {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let next = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if next.is_none() || self.body.is_end_stream() {
            self.sent.store(true, Ordering::Release);
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body. Dropping it before its end closes the connection.
struct Answer {
    body: Incoming,
    line: Option<Line>,
    pool: Arc<Pool>,
}

impl Answer {
    /// Reads on; the connection first, since what it reads is the body.
    fn read(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if let Some(line) = &mut self.line
            && line.drive(cx)
        {
            self.line = None;
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let next = match self.read(cx) {
            Poll::Ready(next) => next,
            // Now that it is known to be wanted, it may be there.
            Poll::Pending => ready!(self.read(cx)),
        };
        let is_over = next.is_none() || self.body.is_end_stream();
        if is_over && let Some(line) = self.line.take() {
            self.pool.put(line);
        }
        Poll::Ready(next.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
