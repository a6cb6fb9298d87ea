//! The body of an agent's answer, which cuts its connection when it is dropped unfinished.

use core::pin::Pin;
use core::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::connection::Cut;

/// See the module.
#[derive(Debug)]
pub(super) struct Answer {
    body: Incoming,
    /// Taken when the body has come to its end.
    cut: Option<Cut>,
}

impl Answer {
    pub(super) const fn new(body: Incoming, cut: Option<Cut>) -> Self {
        Self { body, cut }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None)) {
            self.cut = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if self.body.is_end_stream() {
            return;
        }
        if let Some(cut) = self.cut.take() {
            cut.cut();
        }
    }
}
