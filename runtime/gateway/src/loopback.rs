//! The loopback network that the local agent is on: this process's, or one that it is fenced into.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::Service;

use crate::dialer::BoxFuture;
use crate::limits::AGENT_CONNECT_MAX;

/// Connects to the local agent and to the tool servers beside it.
pub trait Loopback: fmt::Debug + Send + Sync {
    /// A connection to `address`, which is a loopback address.
    ///
    /// # Errors
    /// The system's reason.
    fn connect(&self, address: SocketAddr) -> BoxFuture<'static, io::Result<TcpStream>>;
}

/// This process's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnLoopback;

impl Loopback for OwnLoopback {
    fn connect(&self, address: SocketAddr) -> BoxFuture<'static, io::Result<TcpStream>> {
        Box::pin(TcpStream::connect(address))
    }
}

/// Connects as an HTTP client asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Connector(Arc<dyn Loopback>);

impl Connector {
    pub(crate) const fn new(loopback: Arc<dyn Loopback>) -> Self {
        Self(loopback)
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let address = uri.authority().and_then(|authority| authority.as_str().parse().ok());
        let connected = address.map(|address| self.0.connect(address));
        Box::pin(async move {
            let connected = connected.ok_or_else(|| io::Error::other("not an address"))?;
            let stream = timeout(AGENT_CONNECT_MAX, connected).await??;
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(stream))
        })
    }
}
