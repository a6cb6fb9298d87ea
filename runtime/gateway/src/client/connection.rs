//! A connection to the agent that can be cut from outside.
//!
//! An HTTP/1.1 client that waits for the next part of a body does not look at whether somebody
//! still wants it. An event stream may be quiet for hours, and the agent has to learn at once that
//! its caller has left: so whoever drops an unfinished answer cuts the connection under it.

use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll};
use std::io;
use std::sync::Arc;

use futures_util::task::AtomicWaker;
use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::Service;

use crate::agent::AgentAddress;
use crate::dialer::BoxFuture;
use crate::limits::AGENT_CONNECT_MAX;

/// Connects to the one agent, whatever the URI says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connector {
    pub(super) agent: AgentAddress,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Cuttable>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let address = self.agent.get();
        Box::pin(async move {
            let socket = timeout(AGENT_CONNECT_MAX, TcpStream::connect(address)).await??;
            socket.set_nodelay(true)?;
            Ok(TokioIo::new(Cuttable { socket, cut: Cut::default() }))
        })
    }
}

/// Cuts the connection that it belongs to.
#[derive(Clone, Debug, Default)]
pub(super) struct Cut(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_cut: AtomicBool,
    reader: AtomicWaker,
}

impl Cut {
    /// Ends the connection: reads and writes fail from now on.
    pub(super) fn cut(&self) {
        self.0.is_cut.store(true, Ordering::Release);
        self.0.reader.wake();
    }

    fn check(&self) -> io::Result<()> {
        if self.0.is_cut.load(Ordering::Acquire) {
            Err(io::ErrorKind::ConnectionAborted.into())
        } else {
            Ok(())
        }
    }
}

/// A socket that fails once it has been cut.
#[derive(Debug)]
pub(super) struct Cuttable {
    socket: TcpStream,
    cut: Cut,
}

impl Connection for Cuttable {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.cut.clone())
    }
}

impl AsyncRead for Cuttable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // INVARIANT: registered before the flag is read, so that no cut goes unnoticed.
        self.cut.0.reader.register(cx.waker());
        self.cut.check()?;
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}
