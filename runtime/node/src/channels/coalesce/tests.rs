use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use std::io;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{Flusher, coalesced};
use crate::channels::usage::Usage;
use crate::limits::COALESCED_BYTES_MAX;

/// What was sent, a write at a time.
#[derive(Clone, Default)]
struct Sent {
    writes: Arc<Mutex<Vec<Vec<u8>>>>,
    fails: bool,
    /// Takes nothing the first time that it is asked.
    is_full: bool,
}

impl Sent {
    fn lens(&self) -> Vec<usize> {
        self.writes.lock().unwrap().iter().map(Vec::len).collect()
    }
}

impl AsyncWrite for Sent {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.fails {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if core::mem::take(&mut self.is_full) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.writes.lock().unwrap().push(buf.to_vec());
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Does `task`, as the task of a connection does what it does.
async fn run<F: Future>(flusher: Flusher, task: F) -> F::Output {
    let (mut task, mut turns) = (pin!(task), flusher.turns());
    poll_fn(|cx| turns.poll(cx, |cx| task.as_mut().poll(cx))).await
}

/// Waits once, so that whoever polls comes by again.
async fn once() {
    let mut waited = false;
    poll_fn(|cx| {
        if core::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[tokio::test]
async fn what_is_written_at_once_is_sent_at_once_and_in_order() {
    for is_full in [false, true] {
        let sent = Sent { is_full, ..Sent::default() };
        let (mut stream, flusher) = coalesced(sent.clone(), Usage::default());
        let writing = async {
            for piece in ["one ", "two ", "three"] {
                stream.write_all(piece.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
            assert!(sent.lens().is_empty(), "before the task has written everything");
            once().await;
            once().await;
            assert_eq!(sent.lens(), [13]);
            stream.write_all(b"four").await.unwrap();
            once().await;
        };
        run(flusher, writing).await;
        assert_eq!(*sent.writes.lock().unwrap(), [b"one two three".to_vec(), b"four".to_vec()]);
    }
}

#[tokio::test]
async fn while_many_streams_are_in_use_the_others_are_waited_for_once() {
    let (sent, usage) = (Sent::default(), Usage::default());
    let _in_use: Vec<_> = (0..16).map(|_| usage.begin()).collect();
    let (mut stream, flusher) = coalesced(sent.clone(), usage);
    let writing = async {
        stream.write_all(b"one ").await.unwrap();
        once().await;
        assert!(sent.lens().is_empty(), "others may have something too");
        stream.write_all(b"two").await.unwrap();
        once().await;
        assert_eq!(sent.lens(), [7]);
    };
    run(flusher, writing).await;
}

#[tokio::test]
async fn much_is_sent_without_being_copied_and_after_what_came_before() {
    let sent = Sent::default();
    let (mut stream, flusher) = coalesced(sent.clone(), Usage::default());
    let large = vec![7; COALESCED_BYTES_MAX + 1];
    run(flusher, async {
        stream.write_all(b"before").await.unwrap();
        stream.write_all(&large).await.unwrap();
    })
    .await;
    assert_eq!(sent.lens(), [6, large.len()]);
}

#[tokio::test]
async fn a_stream_that_breaks_tells_whoever_writes() {
    let (mut stream, flusher) =
        coalesced(Sent { fails: true, ..Sent::default() }, Usage::default());
    let told = run(flusher, async {
        stream.write_all(b"lost").await?;
        once().await;
        stream.flush().await
    });
    assert_eq!(told.await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

#[tokio::test]
async fn what_is_written_before_the_end_is_sent_before_it() {
    let (near, mut far) = tokio::io::duplex(64);
    let (mut stream, flusher) = coalesced(near, Usage::default());
    run(flusher, async {
        stream.write_all(b"goodbye").await.unwrap();
        stream.shutdown().await.unwrap();
    })
    .await;
    let mut read = Vec::new();
    drop(stream);
    far.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, b"goodbye");
}
