//! A stream whose first bytes were already read.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, ReadBuf};

use super::written::writes_through;

/// Reads `first`, then whatever `stream` has.
#[derive(Debug)]
pub(super) struct Replay<S> {
    first: Bytes,
    stream: S,
}

impl<S> Replay<S> {
    pub(super) fn new(first: Vec<u8>, stream: S) -> Self {
        Self { first: first.into(), stream }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Replay<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let len = self.first.len().min(buf.remaining());
        buf.put_slice(self.first.get(..len).unwrap_or_default());
        self.first.advance(len);
        Poll::Ready(Ok(()))
    }
}

writes_through!(Replay);

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::Replay;

    #[tokio::test]
    async fn first_bytes_come_first_and_once_in_any_pieces() {
        for piece in 1..8 {
            let mut replay = Replay::new(b"first ".to_vec(), &b"second"[..]);
            let mut all = Vec::new();
            let mut buffer = vec![0; piece];
            loop {
                let len = replay.read(&mut buffer).await.unwrap();
                if len == 0 {
                    break;
                }
                all.extend_from_slice(&buffer[..len]);
            }
            assert_eq!(all, b"first second");
        }
    }
}
