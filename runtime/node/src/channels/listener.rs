//! Accepting connections: for a channel TLS, session, policy, and only then HTTP; for a visit, where
//! agent.toml allows visitors, TLS, policy, this side's proof, and only then HTTP; for the
//! attestation document TLS, and nothing but the document.

use std::net::SocketAddr;
use std::sync::Arc;

use cloister_attestation::code::Diagnostic as _;
use cloister_channel::session::{PeerProven, Session, SessionError};
use cloister_channel::tls::{
    ALPN, ALPN_EVIDENCE, DOCUMENT_ALPN, Handshake, HostHandshake, VISIT_ALPN, document_exporter,
};
use cloister_channel::visit::Host;
use cloister_gateway::Inbound;
use cloister_policy::Direction;
use rustls::server::{Acceptor, ClientHello};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info};

use super::carrier::Carrier;
use super::inbound::serve;
use super::judge::{Judge, Occasion};
use super::link::{Terms, establish};
use super::read_ahead::ReadAhead;
use super::visit::{self, Visit, receive};
use super::{ChannelError, Freshness, Visitors};
use crate::config::Limits;
use crate::document::{self, Documents};
use crate::serve::{Bound, accept};
use crate::state::{Standing, State};

/// What a [`Listener`] needs.
#[derive(Clone, Debug)]
pub(crate) struct ListenerOptions {
    pub(crate) state: Arc<State>,
    pub(crate) judge: Arc<Judge>,
    pub(crate) gateway: Inbound,
    pub(crate) documents: Arc<Documents>,
    pub(crate) freshness: Arc<Freshness>,
    /// Room for visitors; `None` where agent.toml refuses them.
    pub(crate) visitors: Option<Arc<Visitors>>,
    pub(crate) limits: Limits,
}

/// Takes channels from peers, visits, and questions for the document from anybody.
#[derive(Clone, Debug)]
pub(crate) struct Listener(Arc<ListenerOptions>);

/// What a client comes for, as its first message says. The protocol decides what the client has to
/// show: whoever offers a channel's shows a certificate, whatever else it offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Channel,
    Visit,
    Document,
}

impl Purpose {
    fn of(hello: &ClientHello<'_>) -> Self {
        let offers = |name| hello.alpn().is_some_and(|mut offered| offered.any(|it| it == name));
        if offers(ALPN) || offers(ALPN_EVIDENCE) {
            Self::Channel
        } else if offers(VISIT_ALPN) {
            Self::Visit
        } else if offers(DOCUMENT_ALPN) {
            Self::Document
        } else {
            // It is told by the handshake that there is nothing for it.
            Self::Channel
        }
    }
}

type Socket = ReadAhead<TcpStream>;

/// A connection with everything that its handshake has to establish.
enum Accepted {
    Channel(Box<Carrier<TlsStream<Socket>>>),
    Visit(Box<Visit<TlsStream<Socket>>>),
    Document(Box<Asking>),
}

/// Somebody who asks for the document.
struct Asking {
    stream: TlsStream<Socket>,
    standing: Arc<Standing>,
    exporter: [u8; 32],
    _room: OwnedSemaphorePermit,
}

impl Listener {
    pub(crate) fn new(options: ListenerOptions) -> Self {
        Self(Arc::new(options))
    }

    /// Accepts until `stop`; open connections are in `tasks`.
    pub(crate) async fn run(self, bound: Bound, tasks: TaskTracker, stop: CancellationToken) {
        let handshakes = Arc::new(Semaphore::new(self.0.limits.handshakes_max));
        let stopping = stop.clone();
        accept(bound, handshakes, tasks, stop, |stream, from, permit| {
            self.clone().connection(stream, from, permit, stopping.clone())
        })
        .await;
    }

    async fn connection(
        self,
        stream: TcpStream,
        from: SocketAddr,
        permit: OwnedSemaphorePermit,
        stop: CancellationToken,
    ) {
        let timeout = self.0.limits.handshake_timeout;
        let result = match tokio::time::timeout(timeout, self.accept(stream, from)).await {
            Ok(result) => result,
            Err(_) => Err(ChannelError::Timeout),
        };
        drop(permit);
        match result {
            Ok(Accepted::Channel(carrier)) => {
                serve(*carrier, self.0.gateway.clone(), self.0.limits).await;
            }
            Ok(Accepted::Visit(visit)) => {
                visit::serve(*visit, self.0.gateway.clone(), self.0.limits).await;
            }
            Ok(Accepted::Document(asking)) => {
                stop.run_until_cancelled(self.answer(*asking)).await;
            }
            Err(error) => {
                self.0.state.events().handshakes_refused.add_one();
                if !error.is_own_policy() {
                    let code = error.code().id;
                    self.0.state.audit().not_authenticated(Direction::Inbound, None, code);
                }
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                info!(%from, code = error.code().id, %error, cause, "refused a connection");
            }
        }
    }

    async fn accept(&self, stream: TcpStream, from: SocketAddr) -> Result<Accepted, ChannelError> {
        let standing = self.0.state.standing().ok_or(ChannelError::NotAdmitted)?;
        stream.set_nodelay(true).map_err(ChannelError::Broken)?;
        let start = LazyConfigAcceptor::new(Acceptor::default(), ReadAhead::new(stream));
        let start = start.await.map_err(ChannelError::Tls)?;
        match (Purpose::of(&start.client_hello()), &self.0.visitors) {
            (Purpose::Visit, Some(visitors)) => {
                let visit = self.visit(start, from, &standing, visitors).await?;
                Ok(Accepted::Visit(Box::new(visit)))
            }
            (Purpose::Document, _) => {
                self.asking(start, standing).await.map(Box::new).map(Accepted::Document)
            }
            // SECURITY: where visitors are refused, there is no such protocol to agree on.
            (Purpose::Channel, _) | (Purpose::Visit, None) => {
                let carrier = self.channel(start, from, &standing).await?;
                Ok(Accepted::Channel(Box::new(carrier)))
            }
        }
    }

    async fn visit(
        &self,
        start: StartHandshake<Socket>,
        from: SocketAddr,
        standing: &Standing,
        visitors: &Arc<Visitors>,
    ) -> Result<Visit<TlsStream<Socket>>, ChannelError> {
        let (state, judge) = (&self.0.state, &self.0.judge);
        let room = visitors.room(from.ip()).ok_or(ChannelError::Visitors)?;
        let config = Arc::clone(&standing.visit);
        let mut stream = start.into_stream(config).await.map_err(ChannelError::Tls)?;
        let handshake = HostHandshake::of(stream.get_ref().1, state.demands().key_exchange)?;
        let host = Host::new(
            Arc::clone(&standing.credentials),
            Arc::clone(&standing.trust),
            handshake,
            state.clock().now(),
        );
        match receive(&mut stream, host, state.clock(), || judge.admits_visitor(from)).await {
            Ok(received) => {
                let visit = Visit::new(received, stream, from, room, state)?;
                // SECURITY: asked again, now that a change of policy would find the visit.
                if judge.keeps_visitors() { Ok(visit) } else { Err(SessionError::Policy.into()) }
            }
            Err(error) => {
                // The visitor learns that it was refused, not why. It may be gone already.
                drop(stream.shutdown().await);
                Err(error)
            }
        }
    }

    async fn asking(
        &self,
        start: StartHandshake<Socket>,
        standing: Arc<Standing>,
    ) -> Result<Asking, ChannelError> {
        let room = self.0.documents.room().ok_or(ChannelError::Crowded)?;
        let config = Arc::clone(&standing.document);
        let stream = start.into_stream(config).await.map_err(ChannelError::Tls)?;
        let exporter = document_exporter(stream.get_ref().1)?;
        Ok(Asking { stream, standing, exporter, _room: room })
    }

    async fn answer(&self, asking: Asking) {
        let Asking { stream, standing, exporter, _room } = asking;
        document::serve(stream, standing, exporter, Arc::clone(&self.0.documents)).await;
    }

    async fn channel(
        &self,
        start: StartHandshake<Socket>,
        from: SocketAddr,
        standing: &Standing,
    ) -> Result<Carrier<TlsStream<Socket>>, ChannelError> {
        let state = &self.0.state;
        let config = Arc::clone(&standing.server);
        let mut stream = start.into_stream(config).await.map_err(ChannelError::Tls)?;
        let handshake = Handshake::server(stream.get_ref().1, state.demands())?;
        let session = Session::responder(
            Arc::clone(&standing.credentials),
            Arc::clone(&standing.trust),
            handshake,
            state.clock().now(),
        )?;
        let judge = &self.0.judge;
        let decide = |proven: &PeerProven| {
            debug!(%from, peer = %proven.peer.agent, "a peer proved who it is");
            judge.decide(Direction::Inbound, &proven.peer, Occasion::Session)
        };
        let (clock, freshness) = (state.clock(), &*self.0.freshness);
        let terms = Terms { clock, freshness, standing };
        match establish(&mut stream, session, terms, decide).await {
            Ok(verdict) => {
                Carrier::new(verdict, stream, (state, standing), Direction::Inbound, judge)
            }
            Err(error) => {
                // The peer learns that it was refused, not why. It may be gone already.
                drop(stream.shutdown().await);
                Err(error)
            }
        }
    }
}
