//! One HTTP/1.1 connection to the agent, driven by the request that is on it and by no task of its
//! own: a request's way to the agent and back has no queue and wakes nobody else.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use std::io;
use std::net::SocketAddr;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Connection, SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::body::Body;
use crate::limits::AGENT_CONNECT_MAX;
use crate::loopback::Loopback;

/// A connection on which nothing is under way, or one whose answer is still coming.
#[derive(Debug)]
pub(super) struct Line {
    address: SocketAddr,
    sender: SendRequest<Body>,
    /// `None` once it has ended.
    connection: Option<Connection<TokioIo<TcpStream>, Body>>,
}

/// There is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error("it does not accept the connection: {0}")]
    Connect(#[from] io::Error),
    #[error("it did not accept the connection in time")]
    Late,
    #[error(transparent)]
    Http(#[from] hyper::Error),
}

/// There is no answer.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: hyper::Error,
    /// The request, if nothing of it was sent.
    pub(super) unsent: Option<Request<Body>>,
}

impl Line {
    pub(super) async fn open(
        loopback: &dyn Loopback,
        address: SocketAddr,
    ) -> Result<Self, OpenError> {
        let connected = timeout(AGENT_CONNECT_MAX, loopback.connect(address)).await;
        let stream = connected.map_err(|_| OpenError::Late)??;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        Ok(Self { address, sender, connection: Some(connection) })
    }

    /// Where it leads.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether a request may be put on it: the agent has not closed it, nor said anything unasked.
    pub(super) fn is_idle(&mut self) -> bool {
        !self.drive(&mut Context::from_waker(Waker::noop())) && self.sender.is_ready()
    }

    /// Sends a request, and waits for the head of its answer.
    pub(super) async fn ask(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, Failed> {
        let mut answer = pin!(self.sender.try_send_request(request));
        let answered = poll_fn(|cx| {
            // The connection first: what it reads is the answer. Once it has ended, there is an
            // answer or an error.
            drive(&mut self.connection, cx);
            answer.as_mut().poll(cx)
        });
        answered.await.map_err(|mut failed| {
            let unsent = failed.take_message();
            Failed { error: failed.into_error(), unsent }
        })
    }

    /// Reads and writes what can be read and written now; whether it has ended.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) -> bool {
        drive(&mut self.connection, cx)
    }

    /// Has a task of its own drive it until its answer has ended.
    pub(super) fn leave(self) {
        if let Some(connection) = self.connection {
            // Whoever reads the answer is told how it ended.
            drop(tokio::spawn(async { drop(connection.await) }));
        }
    }
}

fn drive<C: Future + Unpin>(connection: &mut Option<C>, cx: &mut Context<'_>) -> bool {
    if let Some(running) = connection
        && let Poll::Ready(_ended) = Pin::new(running).poll(cx)
    {
        *connection = None;
    }
    connection.is_none()
}
