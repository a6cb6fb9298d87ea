//! Accepting connections: bounded in number, and told when to stop.

use core::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use cloister_attestation::code::{Code, Diagnostic};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

cloister_attestation::codes! {
    /// An address cannot be listened on.
    BIND = "node.bind", Operator, "",
        "Give an address of this machine and a port that nothing else listens on.",
        "The system refused to listen on an address from node.toml: it is in use, not of this machine, or the port is privileged.";
}

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}")]
pub struct BindError {
    address: SocketAddr,
    #[source]
    source: io::Error,
}

impl Diagnostic for BindError {
    fn code(&self) -> &'static Code {
        &BIND
    }
}

/// A bound address whose connections wait until somebody serves them.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) listener: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Bound {
    /// What came of listening on `address`.
    pub(crate) fn new(
        address: SocketAddr,
        listener: io::Result<TcpListener>,
    ) -> Result<Self, BindError> {
        let failed = |source| BindError { address, source };
        let listener = listener.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }
}

/// Listens on `address` of this machine; nothing is accepted yet.
pub(crate) async fn bind(address: SocketAddr) -> Result<Bound, BindError> {
    Bound::new(address, TcpListener::bind(address).await)
}

/// Accepts connections until `stop`, at most `most` at a time, and gives each to `handle` on a task
/// of its own. Connections beyond `most` wait in the listen queue. Returns when accepting has
/// stopped; `tasks` tells when the connections have ended.
pub(crate) async fn accept<F>(
    bound: Bound,
    most: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
    mut handle: impl FnMut(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        let next = async {
            // The semaphore is never closed; were it, accepting would stop.
            let permit = Arc::clone(&most).acquire_owned().await.ok()?;
            Some((permit, bound.listener.accept().await))
        };
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = next => accepted,
        };
        match accepted {
            None => break,
            Some((permit, Ok((stream, from)))) => {
                drop(tasks.spawn(handle(stream, from, permit)));
            }
            Some((_, Err(error))) => pause_after(&error).await,
        }
    }
}

/// Out of file descriptors, or a connection that ended before it was accepted: the first needs
/// time, the second costs nothing to wait for.
async fn pause_after(error: &io::Error) {
    warn!(%error, "cannot accept a connection");
    tokio::time::sleep(core::time::Duration::from_millis(50)).await;
}
