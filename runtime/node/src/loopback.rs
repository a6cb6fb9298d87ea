//! The loopback network that the agent is on: this machine's, or one of its own behind a fence.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use cloister_gateway::BoxFuture;
use cloister_guest::fence::Namespace;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::serve::{BindError, Bound};

/// Where the agent serves, and where it finds its surface.
#[derive(Clone, Debug)]
pub(crate) enum Loopback {
    /// This machine's: whoever else is on it reaches both.
    Shared,
    /// The agent's own.
    Fenced(Arc<Namespace>),
}

impl Loopback {
    /// Listens on `address`; nothing is accepted yet.
    pub(crate) async fn bind(&self, address: SocketAddr) -> Result<Bound, BindError> {
        let listener = match self {
            Self::Shared => TcpListener::bind(address).await,
            Self::Fenced(namespace) => namespace.listen(address).and_then(TcpListener::from_std),
        };
        Bound::new(address, listener)
    }
}

impl cloister_gateway::Loopback for Loopback {
    fn connect(&self, address: SocketAddr) -> BoxFuture<'static, io::Result<TcpStream>> {
        match self {
            Self::Shared => Box::pin(TcpStream::connect(address)),
            Self::Fenced(namespace) => {
                let socket = namespace.socket(address).map(TcpSocket::from_std_stream);
                Box::pin(async move { socket?.connect(address).await })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cloister_gateway::Loopback as _;
    use cloister_guest::fence::Namespace;

    use super::Loopback;

    #[tokio::test]
    async fn what_listens_behind_the_fence_is_reached_there_and_nowhere_else() {
        let namespace = match Namespace::new() {
            Ok(namespace) => namespace,
            Err(error) => {
                println!("skipped, no network namespace: {error}");
                return;
            }
        };
        let fenced = Loopback::Fenced(Arc::new(namespace));
        let bound = fenced.bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let (accepted, connected) =
            tokio::join!(bound.listener.accept(), fenced.connect(bound.address));
        assert_eq!(accepted.unwrap().1, connected.unwrap().local_addr().unwrap());
        // The same port of this machine is another one; it may be taken, and then by somebody else.
        let shared = Loopback::Shared.bind(bound.address).await;
        assert!(shared.is_ok() || Loopback::Shared.connect(bound.address).await.is_ok());
    }
}
