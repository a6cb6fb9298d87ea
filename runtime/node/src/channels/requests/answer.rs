//! An answer's body as it comes from the connection.

use core::pin::Pin;
use core::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http::Response;
use http::header::{CONTENT_LENGTH, HeaderMap};
use http_body::{Frame, SizeHint};

/// The body of an answer. Dropping it before its end resets the stream.
#[derive(Debug)]
pub(crate) struct Answer {
    stream: RecvStream,
    /// What is still to come, where the answer declares it.
    left: Option<u64>,
    /// No more data comes.
    is_read: bool,
}

impl Answer {
    pub(super) fn of(response: Response<RecvStream>) -> Response<Self> {
        let declared = declared(response.headers());
        response.map(|stream| {
            let left = declared.or_else(|| stream.is_end_stream().then_some(0));
            Self { stream, left, is_read: false }
        })
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, h2::Error>>> {
        let data = match ready!(self.stream.poll_data(cx)) {
            Some(Ok(data)) => data,
            Some(Err(error)) => return Poll::Ready(self.failed(error)),
            None => return Poll::Ready(None),
        };
        let len = u64::try_from(data.len()).unwrap_or(u64::MAX);
        self.left = self.left.map(|left| left.saturating_sub(len));
        let released = self.stream.flow_control().release_capacity(data.len());
        Poll::Ready(Some(released.map(|()| data)))
    }

    /// The peer may reset a stream without an error once it has said everything.
    ///
    /// SPEC: RFC 9113 section 8.1.
    fn failed<T>(&self, error: h2::Error) -> Option<Result<T, h2::Error>> {
        let is_whole = self.left.is_none_or(|left| left == 0);
        (!is_whole || error.reason() != Some(Reason::NO_ERROR)).then_some(Err(error))
    }
}

fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        if !self.is_read {
            if let Some(data) = ready!(self.poll_data(cx)) {
                return Poll::Ready(Some(data.map(Frame::data)));
            }
            self.is_read = true;
        }
        Poll::Ready(match ready!(self.stream.poll_trailers(cx)) {
            Ok(trailers) => trailers.map(|trailers| Ok(Frame::trailers(trailers))),
            Err(error) => self.failed(error),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
