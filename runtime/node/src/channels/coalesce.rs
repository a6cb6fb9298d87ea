//! Small writes that go out together.
//!
//! HTTP/2 flushes after every frame of data that it does not copy, so that each request would be a
//! TLS record, a packet and a wake-up at the other end of its own. Here what is written waits until
//! the connection's task has written everything that it had to; while many streams are in use, until
//! the tasks that are ready have put their requests on it too. Nothing waits for time to pass.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::usage::Usage;
use crate::limits::COALESCED_BYTES_MAX;

/// A stream whose writes wait for their [`Flusher`].
#[derive(Debug)]
pub(super) struct Coalesced<S>(Arc<Mutex<Inner<S>>>);

#[derive(Debug)]
struct Inner<S> {
    stream: S,
    /// Written, and not sent from `sent` on.
    buffer: Vec<u8>,
    sent: usize,
    /// How often something was read, and written.
    reads: u64,
    writes: u64,
    /// Why sending failed, until a writer is told.
    failed: Option<io::Error>,
}

/// Sends what was written to a [`Coalesced`] stream.
pub(super) struct Flusher {
    stream: Arc<dyn Flush>,
    usage: Usage,
}

/// The stream of a flusher, whatever it is.
trait Flush: Send + Sync {
    fn reads(&self) -> u64;
    fn writes(&self) -> u64;
    fn flush(&self, cx: &mut Context<'_>) -> Poll<()>;
}

/// A stream, and who sends what is written to it. `usage` tells how many streams of HTTP/2 there are.
pub(super) fn coalesced<S>(stream: S, usage: Usage) -> (Coalesced<S>, Flusher)
where
    S: AsyncWrite + Unpin + Send + 'static,
{
    let inner = Inner { stream, buffer: Vec::new(), sent: 0, reads: 0, writes: 0, failed: None };
    let inner = Arc::new(Mutex::new(inner));
    (Coalesced(Arc::clone(&inner)), Flusher { stream: inner, usage })
}

impl Flusher {
    /// The turns of the task that writes.
    pub(super) const fn turns(self) -> Turns {
        Turns { flusher: self, waits: false, has_waited: false }
    }
}

/// The turns of one task that writes to a stream.
pub(super) struct Turns {
    flusher: Flusher,
    /// Something that the task wrote waits.
    waits: bool,
    /// It has waited for others.
    has_waited: bool,
}

impl Turns {
    /// How often something was read of the stream.
    pub(super) fn reads(&self) -> u64 {
        self.flusher.stream.reads()
    }

    /// One turn, with the sending of what it wrote.
    pub(super) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        task: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let Flusher { stream, usage } = &self.flusher;
        let before = stream.writes();
        let outcome = task(cx);
        self.waits |= stream.writes() != before;
        if !self.waits {
            return outcome;
        }
        if outcome.is_pending() && !self.has_waited && usage.is_shared() {
            self.has_waited = true;
            // Behind all that is ready now.
            cx.waker().wake_by_ref();
        } else {
            self.has_waited = false;
            self.waits = stream.flush(cx).is_pending();
        }
        outcome
    }
}

impl<S> Coalesced<S> {
    fn lock(&self) -> MutexGuard<'_, Inner<S>> {
        lock(&self.0)
    }
}

fn lock<S>(inner: &Mutex<Inner<S>>) -> MutexGuard<'_, Inner<S>> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: AsyncWrite + Unpin> Inner<S> {
    /// Sends what waits.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.buffer.get(self.sent..).filter(|rest| !rest.is_empty()) {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent = self.sent.saturating_add(sent);
        }
        // An idle channel holds no memory for it.
        self.buffer = Vec::new();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }

    /// Takes what `bufs` hold, if it is little; sends what came before, and then them, if it is much.
    fn poll_take(
        &mut self,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        self.writes = self.writes.wrapping_add(1);
        let len = bufs.iter().fold(0_usize, |sum, buf| sum.saturating_add(buf.len()));
        if self.buffer.len().saturating_add(len) > COALESCED_BYTES_MAX {
            ready!(self.poll_send(cx))?;
            if len > COALESCED_BYTES_MAX {
                return Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
            }
        }
        if self.buffer.capacity() == 0 {
            self.buffer.reserve(FIRST_BYTES.max(len));
        }
        bufs.iter().for_each(|buf| self.buffer.extend_from_slice(buf));
        Poll::Ready(Ok(len))
    }

    fn check(&mut self) -> io::Result<()> {
        self.failed.take().map_or(Ok(()), Err)
    }
}

/// Room for the frames of one request and its body, as most are.
const FIRST_BYTES: usize = 2048;

impl<S: AsyncWrite + Unpin + Send> Flush for Mutex<Inner<S>> {
    fn reads(&self) -> u64 {
        lock(self).reads
    }

    fn writes(&self) -> u64 {
        lock(self).writes
    }

    fn flush(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut inner = lock(self);
        let sent = match ready!(inner.poll_send(cx)) {
            Ok(()) => ready!(Pin::new(&mut inner.stream).poll_flush(cx)),
            failed => failed,
        };
        if let Err(error) = sent {
            inner.failed = Some(error);
            // So that the writer comes to hear of it.
            cx.waker().wake_by_ref();
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Coalesced<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut inner = self.lock();
        let read = ready!(Pin::new(&mut inner.stream).poll_read(cx, buf));
        inner.reads = inner.reads.wrapping_add(1);
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Coalesced<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.lock().poll_take(cx, &[io::IoSlice::new(buf)])
    }

    /// The flusher does it, once everything is written.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.lock().check())
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inner = self.lock();
        inner.check()?;
        ready!(inner.poll_send(cx))?;
        Pin::new(&mut inner.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.lock().poll_take(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
