//! Accepting channels: TLS, session, policy, and only then HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use cloister_attestation::code::Diagnostic as _;
use cloister_channel::session::{Decision, PeerProven, Session};
use cloister_channel::tls::Handshake;
use cloister_gateway::Inbound;
use cloister_policy::{Action, Direction, LocalAgent, PolicyBundle, Request};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::info;

use super::carrier::Carrier;
use super::inbound::serve;
use super::link::establish;
use super::{ChannelError, subject};
use crate::config::Limits;
use crate::serve::{Bound, accept};
use crate::state::State;

/// What a [`Listener`] needs.
#[derive(Clone, Debug)]
pub(crate) struct ListenerOptions {
    pub(crate) state: Arc<State>,
    pub(crate) local: LocalAgent,
    pub(crate) policy: Arc<PolicyBundle>,
    pub(crate) gateway: Inbound,
    pub(crate) limits: Limits,
}

/// Takes channels from peers.
#[derive(Clone, Debug)]
pub(crate) struct Listener(Arc<ListenerOptions>);

impl Listener {
    pub(crate) fn new(options: ListenerOptions) -> Self {
        Self(Arc::new(options))
    }

    /// Accepts until `stop`; open channels are in `tasks`.
    pub(crate) async fn run(self, bound: Bound, tasks: TaskTracker, stop: CancellationToken) {
        let handshakes = Arc::new(Semaphore::new(self.0.limits.handshakes_max));
        accept(bound, handshakes, tasks, stop, |stream, from, permit| {
            self.clone().connection(stream, from, permit)
        })
        .await;
    }

    async fn connection(self, stream: TcpStream, from: SocketAddr, permit: OwnedSemaphorePermit) {
        let timeout = self.0.limits.handshake_timeout;
        let result = match tokio::time::timeout(timeout, self.handshake(stream, from)).await {
            Ok(result) => result,
            Err(_) => Err(ChannelError::Timeout),
        };
        drop(permit);
        match result {
            Ok(carrier) => {
                let clock = Arc::clone(self.0.state.clock());
                serve(carrier, self.0.gateway.clone(), clock, self.0.limits).await;
            }
            Err(error) => {
                self.0.state.counters().handshakes_refused.add_one();
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                info!(%from, code = error.code().id, %error, cause, "refused a channel");
            }
        }
    }

    async fn handshake(
        &self,
        stream: TcpStream,
        from: SocketAddr,
    ) -> Result<Carrier<TlsStream<TcpStream>>, ChannelError> {
        let state = &self.0.state;
        let standing = state.standing().ok_or(ChannelError::NotAdmitted)?;
        stream.set_nodelay(true).map_err(ChannelError::Broken)?;
        let acceptor = TlsAcceptor::from(Arc::clone(&standing.server));
        let mut stream = acceptor.accept(stream).await.map_err(ChannelError::Tls)?;
        let handshake = Handshake::server(stream.get_ref().1, state.key_exchange())?;
        let session = Session::responder(
            Arc::clone(&standing.credentials),
            Arc::clone(&standing.trust),
            handshake,
            state.clock().now(),
        )?;
        match establish(&mut stream, session, state.clock(), |proven| self.decide(proven, from))
            .await
        {
            Ok(verdict) => {
                Carrier::new(Direction::Inbound, verdict, stream, &standing.credentials, state)
            }
            Err(error) => {
                // The peer learns that it was refused, not why. It may be gone already.
                drop(stream.shutdown().await);
                Err(error)
            }
        }
    }

    fn decide(&self, proven: &PeerProven, from: SocketAddr) -> Decision {
        let request = Request {
            direction: Direction::Inbound,
            peer: &subject(&proven.peer),
            local: &self.0.local,
            action: Action::Connect,
        };
        let decision = self.0.policy.decide(&request);
        info!(peer = %proven.peer.agent, instance = %proven.peer.instance, %from, simulated = proven.peer.simulated, tier = %proven.peer.tier, %decision, "accepted a connection");
        if decision.allows() { Decision::Accept } else { Decision::Refuse }
    }
}
