//! A socket that is read in large pieces.
//!
//! TLS asks for 4 KiB at a time, a quarter of a full record. What else has arrived is read with it
//! and waits here.

use core::future::Future as _;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, ready};
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

use super::written::writes_through;
use crate::limits::READ_AHEAD_BYTES;

/// A stream, and what was read of it and not yet asked for.
#[derive(Debug)]
pub(super) struct ReadAhead<S> {
    stream: S,
    /// Nothing, and no memory, while a channel is quiet.
    buffer: Vec<u8>,
    at: usize,
}

impl<S> ReadAhead<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self { stream, buffer: Vec::new(), at: 0 }
    }

    fn waiting(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    /// Hands out as much as there is and fits.
    fn hand_out(&mut self, buf: &mut ReadBuf<'_>) {
        let waiting = self.waiting();
        let len = waiting.len().min(buf.remaining());
        buf.put_slice(waiting.get(..len).unwrap_or_default());
        self.at = self.at.saturating_add(len);
        if self.waiting().is_empty() {
            self.buffer = Vec::new();
            self.at = 0;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ReadAhead<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.waiting().is_empty() {
            if buf.remaining() >= READ_AHEAD_BYTES {
                return Pin::new(&mut this.stream).poll_read(cx, buf);
            }
            let mut piece = Vec::with_capacity(READ_AHEAD_BYTES);
            ready!(pin!(this.stream.read_buf(&mut piece)).poll(cx))?;
            this.buffer = piece;
        }
        this.hand_out(buf);
        Poll::Ready(Ok(()))
    }
}

writes_through!(ReadAhead);

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::ReadAhead;
    use crate::limits::READ_AHEAD_BYTES;

    #[tokio::test]
    async fn everything_arrives_in_order_whatever_is_asked_for_at_a_time() {
        let sent: Vec<u8> = (0..100_000_u32).map(|at| at.to_be_bytes()[3]).collect();
        for asked in [1000, 4096, READ_AHEAD_BYTES + 1] {
            let (mut near, far) = tokio::io::duplex(READ_AHEAD_BYTES + 7);
            let written = sent.clone();
            let writing = tokio::spawn(async move { near.write_all(&written).await });
            let (mut stream, mut read) = (ReadAhead::new(far), Vec::new());
            let mut piece = vec![0; asked];
            loop {
                let len = stream.read(&mut piece).await.unwrap();
                if len == 0 {
                    break;
                }
                read.extend_from_slice(&piece[..len]);
            }
            writing.await.unwrap().unwrap();
            assert_eq!(read, sent);
            assert_eq!(stream.buffer.capacity(), 0, "nothing is held while nothing waits");
        }
    }
}
