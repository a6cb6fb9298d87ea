//! A body that breaks off when it is longer than it may be.

use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll};
use std::sync::Arc;

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::{Body, BodyError, boxed};

/// How long a body may be, and whether one was longer.
#[derive(Clone, Debug)]
pub(crate) struct Cap {
    max: u64,
    exceeded: Arc<AtomicBool>,
}

/// What a body ends with that is too long.
#[derive(Debug, thiserror::Error)]
#[error("the body is longer than {max} bytes")]
struct TooLong {
    max: u64,
}

impl Cap {
    pub(crate) fn new(max: u64) -> Self {
        Self { max, exceeded: Arc::default() }
    }

    pub(crate) const fn max(&self) -> u64 {
        self.max
    }

    /// Whether a body under this cap was longer.
    pub(crate) fn is_exceeded(&self) -> bool {
        self.exceeded.load(Ordering::Acquire)
    }

    /// The same body, which fails instead of handing on the frame that is too much.
    pub(crate) fn over(&self, body: Body) -> Body {
        boxed(Capped { body, left: self.max, cap: self.clone() })
    }
}

struct Capped {
    body: Body,
    left: u64,
    cap: Cap,
}

impl http_body::Body for Capped {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let Poll::Ready(Some(Ok(frame))) = &polled else { return polled };
        let len = frame.data_ref().map_or(0, Bytes::len);
        match u64::try_from(len).ok().and_then(|len| self.left.checked_sub(len)) {
            Some(left) => {
                self.left = left;
                polled
            }
            None => {
                self.cap.exceeded.store(true, Ordering::Release);
                Poll::Ready(Some(Err(TooLong { max: self.cap.max }.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::{BodyExt as _, StreamBody};

    use super::Cap;
    use crate::body::{Body, boxed};

    fn chunks(lens: &'static [usize]) -> Body {
        let frames = lens.iter().map(|len| {
            Ok::<_, std::io::Error>(http_body::Frame::data(Bytes::from(vec![b'x'; *len])))
        });
        boxed(StreamBody::new(futures_util::stream::iter(frames)))
    }

    #[tokio::test]
    async fn a_body_of_exactly_the_cap_passes_and_one_byte_more_breaks_off() {
        for (lens, passes) in
            [(&[3, 4, 1][..], true), (&[8], true), (&[3, 4, 2], false), (&[9], false)]
        {
            let cap = Cap::new(8);
            let collected = cap.over(chunks(lens)).collect().await;
            assert_eq!((collected.is_ok(), cap.is_exceeded()), (passes, !passes), "{lens:?}");
        }
    }
}
