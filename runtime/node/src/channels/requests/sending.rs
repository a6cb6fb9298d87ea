//! A request's body on its way onto the connection.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use bytes::Bytes;
use cloister_gateway::Body;
use h2::{Reason, SendStream};
use http_body::{Body as _, Frame};
use tracing::debug;

/// Sends a body as fast as the peer takes it. Why it broke off, the answer tells.
pub(super) struct Sending {
    body: Body,
    stream: SendStream<Bytes>,
    /// Read, and waits until the peer takes it.
    waiting: Option<Bytes>,
}

/// There is no more to send.
struct Over;

impl Sending {
    pub(super) const fn new(body: Body, stream: SendStream<Bytes>) -> Self {
        Self { body, stream, waiting: None }
    }

    /// Sends one piece.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Over>> {
        // So that a stream that the peer reset, or whose connection ended, is noticed while the
        // body has nothing new.
        if self.stream.poll_reset(cx).is_ready() {
            return Poll::Ready(Err(Over));
        }
        if self.waiting.is_some() {
            ready!(self.poll_room(cx))?;
            let data = self.waiting.take().unwrap_or_default();
            return Poll::Ready(self.send(data));
        }
        match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => Poll::Ready(self.take(frame)),
            Some(Err(error)) => {
                debug!(%error, "a request's body broke off");
                self.stream.send_reset(Reason::INTERNAL_ERROR);
                Poll::Ready(Err(Over))
            }
            None => Poll::Ready(self.put(Bytes::new(), true)),
        }
    }

    fn take(&mut self, frame: Frame<Bytes>) -> Result<(), Over> {
        match frame.into_data() {
            Ok(data) if data.is_empty() => self.send(data),
            Ok(data) => {
                // Asked for only now that there is something: what one stream reserves, no other has.
                self.stream.reserve_capacity(1);
                self.waiting = Some(data);
                Ok(())
            }
            Err(frame) => match frame.into_trailers() {
                Ok(trailers) => {
                    self.stream.send_trailers(trailers).map_err(|_| Over)?;
                    Err(Over)
                }
                // There is no third kind.
                Err(_) => Ok(()),
            },
        }
    }

    /// Waits until the peer takes more.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Over>> {
        while self.stream.capacity() == 0 {
            match ready!(self.stream.poll_capacity(cx)) {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Poll::Ready(Err(Over)),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn send(&mut self, data: Bytes) -> Result<(), Over> {
        let is_last = self.body.is_end_stream();
        self.put(data, is_last)
    }

    fn put(&mut self, data: Bytes, is_last: bool) -> Result<(), Over> {
        self.stream.send_data(data, is_last).map_err(|_| Over)?;
        if is_last { Err(Over) } else { Ok(()) }
    }
}

impl Future for Sending {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Err(Over) = ready!(self.poll_piece(cx)) {
                return Poll::Ready(());
            }
        }
    }
}
