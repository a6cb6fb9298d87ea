//! One dial: where the agent is, a connection, TLS, the session, policy.

use std::sync::Arc;

use cloister_attestation::code::Diagnostic as _;
use cloister_channel::AgentName;
use cloister_channel::session::{PeerProven, Session};
use cloister_channel::tls::{Handshake, server_name};
use cloister_policy::Direction;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::task::TaskTracker;
use tracing::warn;

use super::carrier::Carrier;
use super::judge::{Judge, Occasion};
use super::link::{Terms, establish};
use super::outbound::Outbound;
use super::peers::Peer;
use super::read_ahead::ReadAhead;
use super::{ChannelError, Freshness};
use crate::config::Limits;
use crate::limits::ENDPOINTS_MAX;
use crate::state::{Standing, State};
use crate::verifier::Verifier;

/// What a dial needs.
#[derive(Debug)]
pub(super) struct Attempts {
    pub(super) state: Arc<State>,
    pub(super) verifier: Verifier,
    pub(super) freshness: Arc<Freshness>,
    pub(super) judge: Arc<Judge>,
    pub(super) limits: Limits,
    pub(super) tasks: TaskTracker,
}

impl Attempts {
    /// A channel to the first of the peer's runtimes that answers and is accepted.
    pub(super) async fn channel(&self, peer: &Peer<Outbound>) -> Result<Outbound, ChannelError> {
        let standing = self.state.standing().ok_or(ChannelError::NotAdmitted)?;
        let agent = &peer.name;
        let mut failure = ChannelError::UnknownAgent(agent.to_string());
        for address in self.endpoints(peer, &standing).await? {
            match self.dial(agent, &address, &standing).await {
                Ok(channel) => return Ok(channel),
                Err(error) => {
                    if !error.is_own_policy() {
                        let (audit, code) = (self.state.audit(), error.code().id);
                        audit.not_authenticated(Direction::Outbound, Some(agent.as_str()), code);
                    }
                    warn!(%agent, %address, code = error.code().id, %error, "cannot open a channel");
                    failure = error;
                }
            }
        }
        Err(failure)
    }

    /// Where the peer listens: what the registry says, or said last if it cannot be asked. Hints:
    /// the session proves who answers.
    async fn endpoints(
        &self,
        peer: &Peer<Outbound>,
        standing: &Standing,
    ) -> Result<Vec<String>, ChannelError> {
        match self.resolve(&peer.name, standing).await {
            Ok(endpoints) => {
                peer.remember(&endpoints);
                Ok(endpoints)
            }
            Err(error @ ChannelError::UnknownAgent(_)) => Err(error),
            Err(error) => match peer.remembered() {
                none if none.is_empty() => Err(error),
                endpoints => Ok(endpoints),
            },
        }
    }

    async fn resolve(
        &self,
        agent: &AgentName,
        standing: &Standing,
    ) -> Result<Vec<String>, ChannelError> {
        let certificate = Arc::clone(&standing.client.client_auth_cert_resolver);
        let mut registry = self.verifier.registry(certificate).await?;
        let mut endpoints = registry.resolve(agent).await.map_err(|error| {
            if error.is_not_found() {
                ChannelError::UnknownAgent(agent.to_string())
            } else {
                error.into()
            }
        })?;
        // The longest lease first: that runtime renewed last, so it is the likeliest to be there.
        endpoints.sort_by_key(|endpoint| core::cmp::Reverse(endpoint.lease_expires_at));
        Ok(endpoints.into_iter().take(ENDPOINTS_MAX).map(|endpoint| endpoint.address).collect())
    }

    async fn dial(
        &self,
        agent: &AgentName,
        address: &str,
        standing: &Standing,
    ) -> Result<Outbound, ChannelError> {
        let dialled = self.handshake(agent, address, standing);
        match tokio::time::timeout(self.limits.handshake_timeout, dialled).await {
            Ok(result) => result,
            Err(_) => Err(ChannelError::Timeout),
        }
    }

    async fn handshake(
        &self,
        agent: &AgentName,
        address: &str,
        standing: &Standing,
    ) -> Result<Outbound, ChannelError> {
        let state = &self.state;
        let refused = |source| ChannelError::Connect { address: address.to_owned(), source };
        let stream = TcpStream::connect(address).await.map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        let name = server_name(standing.trust.trust_domain());
        let connector = TlsConnector::from(Arc::clone(&standing.client));
        let mut stream =
            connector.connect(name, ReadAhead::new(stream)).await.map_err(ChannelError::Tls)?;
        let handshake = Handshake::client(stream.get_ref().1, state.demands())?;
        let session = Session::initiator(
            Arc::clone(&standing.credentials),
            Arc::clone(&standing.trust),
            handshake,
            agent.clone(),
            state.clock().now(),
        )?;
        let decide = |proven: &PeerProven| {
            self.judge.decide(Direction::Outbound, &proven.peer, Occasion::Session)
        };
        let (clock, freshness) = (state.clock(), &*self.freshness);
        let terms = Terms { clock, freshness, standing };
        let verdict = establish(&mut stream, session, terms, decide).await?;
        let carrier =
            Carrier::new(verdict, stream, (state, standing), Direction::Outbound, &self.judge)?;
        Outbound::start(carrier, self.limits, &self.tasks).await
    }
}
