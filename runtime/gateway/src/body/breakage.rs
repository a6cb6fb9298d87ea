//! A body whose break is told a moment after what came before it.
//!
//! SPEC: RFC 9113 section 5.4.2: whoever resets a stream may drop what it has queued for it. Told at
//! once, the break would overtake the status and the last event that an agent sent in front of it.

use core::future::Future as _;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::{Body, BodyError};
use crate::limits::BREAK_LAG;

/// The body; see the module.
pub(crate) struct Breakage {
    body: Body,
    broken: Option<(BodyError, Pin<Box<Sleep>>)>,
}

impl From<Body> for Breakage {
    fn from(body: Body) -> Self {
        Self { body, broken: None }
    }
}

impl Breakage {
    fn poll_break(&mut self, cx: &mut Context<'_>) -> Poll<Option<BodyError>> {
        if let Some((_, lag)) = &mut self.broken {
            ready!(lag.as_mut().poll(cx));
        }
        Poll::Ready(self.broken.take().map(|(error, _)| error))
    }
}

impl http_body::Body for Breakage {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.broken.is_none() {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Err(error)) => self.broken = Some((error, Box::pin(sleep(BREAK_LAG)))),
                other => return Poll::Ready(other),
            }
        }
        self.poll_break(cx).map(|error| error.map(Err))
    }

    fn is_end_stream(&self) -> bool {
        self.broken.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
