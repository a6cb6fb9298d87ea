//! Bodies that are counted and hashed as they pass.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use bytes::Bytes;
use cloister_audit::Hash;
use cloister_audit::record::Payload;
use http_body::{Body as _, Frame, SizeHint};

use crate::body::{Body, BodyError};

type Next = Option<Result<Frame<Bytes>, BodyError>>;

/// What has passed so far. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Meter(Arc<Mutex<Passed>>);

struct Passed {
    bytes: u64,
    hash: digest::Context,
}

impl Meter {
    pub(crate) fn new() -> Self {
        let hash = digest::Context::new(&digest::SHA256);
        Self(Arc::new(Mutex::new(Passed { bytes: 0, hash })))
    }

    pub(crate) fn add(&self, data: &[u8]) {
        let mut passed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let len = u64::try_from(data.len()).unwrap_or(u64::MAX);
        passed.bytes = passed.bytes.saturating_add(len);
        passed.hash.update(data);
    }

    pub(crate) fn payload(&self) -> Payload {
        let passed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Payload { bytes: passed.bytes, sha256: Hash::finish(passed.hash.clone()) }
    }
}

/// A request's body: what was there of it already, and what follows.
pub(crate) struct Metered {
    /// Read before it was asked for.
    first: Next,
    rest: Body,
    meter: Meter,
}

impl Metered {
    /// Takes what is there of `body`, and waits for nothing.
    pub(crate) async fn glimpse(mut rest: Body, meter: Meter) -> Self {
        if rest.is_end_stream() {
            return Self { first: None, rest, meter };
        }
        let there = poll_fn(|cx| match Pin::new(&mut rest).poll_frame(cx) {
            Poll::Ready(next) => Poll::Ready(next),
            // Whoever reads the body next registers its own interest.
            Poll::Pending => Poll::Ready(None),
        });
        Self { first: there.await, rest, meter }
    }

    /// The whole body, if all of it is there.
    pub(crate) fn whole(&self) -> Option<Payload> {
        let data: &[u8] = match &self.first {
            None => &[],
            Some(Ok(frame)) => frame.data_ref()?,
            Some(Err(_)) => return None,
        };
        let bytes = u64::try_from(data.len()).ok()?;
        self.rest.is_end_stream().then(|| Payload { bytes, sha256: Hash::of(data) })
    }
}

impl http_body::Body for Metered {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        let next = match self.first.take() {
            None => core::task::ready!(Pin::new(&mut self.rest).poll_frame(cx)),
            there => there,
        };
        if let Some(Ok(frame)) = &next
            && let Some(data) = frame.data_ref()
        {
            self.meter.add(data);
        }
        Poll::Ready(next)
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let there = self.first.as_ref().and_then(|first| first.as_ref().ok());
        let len = there.and_then(Frame::data_ref).map_or(0, Bytes::len);
        let (len, rest) = (u64::try_from(len).unwrap_or(u64::MAX), self.rest.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(len));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(len));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use core::pin::Pin;
    use core::task::{Context, Poll};

    use bytes::Bytes;
    use cloister_audit::Hash;
    use cloister_audit::record::Payload;
    use http_body::{Body as _, Frame};
    use http_body_util::BodyExt;
    use tokio::sync::mpsc;

    use super::{Meter, Metered, Next};
    use crate::body::{Body, BodyError, boxed, empty, full};

    struct Coming(mpsc::Receiver<Result<Frame<Bytes>, BodyError>>);

    impl http_body::Body for Coming {
        type Data = Bytes;
        type Error = BodyError;

        fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
            self.0.poll_recv(cx)
        }
    }

    fn coming() -> (mpsc::Sender<Result<Frame<Bytes>, BodyError>>, Body) {
        let (sender, receiver) = mpsc::channel(4);
        (sender, boxed(Coming(receiver)))
    }

    fn payload(bytes: &[u8]) -> Payload {
        Payload { bytes: u64::try_from(bytes.len()).unwrap(), sha256: Hash::of(bytes) }
    }

    #[tokio::test]
    async fn a_body_that_is_there_is_known_before_it_is_read() {
        for (body, bytes) in [(full("whole"), b"whole".as_slice()), (empty(), b"")] {
            let meter = Meter::new();
            let metered = Metered::glimpse(body, meter.clone()).await;
            assert_eq!(metered.whole(), Some(payload(bytes)));
            assert_eq!(metered.size_hint().exact(), Some(payload(bytes).bytes));
            assert_eq!(metered.collect().await.unwrap().to_bytes(), bytes);
            assert_eq!(meter.payload(), payload(bytes));
        }
    }

    #[tokio::test]
    async fn a_body_that_is_still_coming_is_known_once_it_has_passed() {
        let (sender, body) = coming();
        sender.send(Ok(Frame::data("fir".into()))).await.unwrap();
        let meter = Meter::new();
        let metered = Metered::glimpse(body, meter.clone()).await;
        assert_eq!(metered.whole(), None);
        assert_eq!(meter.payload(), payload(b""), "nothing was asked for yet");
        sender.send(Ok(Frame::data("st".into()))).await.unwrap();
        drop(sender);
        assert_eq!(metered.collect().await.unwrap().to_bytes(), "first");
        assert_eq!(meter.payload(), payload(b"first"));
    }

    #[tokio::test]
    async fn a_body_of_which_nothing_is_there_is_not_waited_for() {
        let (sender, body) = coming();
        let metered = Metered::glimpse(body, Meter::new()).await;
        assert_eq!(metered.whole(), None);
        sender.send(Ok(Frame::data("late".into()))).await.unwrap();
        drop(sender);
        assert_eq!(metered.collect().await.unwrap().to_bytes(), "late");
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_still_does() {
        let (sender, body) = coming();
        sender.send(Err("broken".into())).await.unwrap();
        let metered = Metered::glimpse(body, Meter::new()).await;
        assert_eq!(metered.whole(), None);
        assert!(metered.collect().await.is_err());
    }
}
