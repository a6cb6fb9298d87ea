//! Dialling: from an agent's name to a channel whose peer was proven to be a runtime of it.

use std::net::SocketAddr;
use std::sync::Arc;

use cloister_attestation::code::Diagnostic as _;
use cloister_channel::AgentName;
use cloister_channel::session::{Decision, PeerProven, Session};
use cloister_channel::tls::{Handshake, server_name};
use cloister_gateway::{BoxFuture, Channel, DialError};
use cloister_policy::{Action, Direction, LocalAgent, PolicyBundle, Request};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use super::carrier::Carrier;
use super::link::establish;
use super::outbound::Outbound;
use super::pool::{Pool, Pooled, Slot};
use super::{ChannelError, subject};
use crate::config::Limits;
use crate::limits::ENDPOINTS_MAX;
use crate::state::{Standing, State};
use crate::verifier::Verifier;

/// What a [`Dialler`] needs.
#[derive(Debug)]
pub(crate) struct DiallerOptions {
    pub(crate) state: Arc<State>,
    pub(crate) verifier: Verifier,
    pub(crate) local: LocalAgent,
    pub(crate) policy: Arc<PolicyBundle>,
    pub(crate) limits: Limits,
    pub(crate) tasks: TaskTracker,
}

/// Opens channels, and uses open ones again. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Dialler(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    options: DiallerOptions,
    pool: Pool<Outbound>,
}

impl Pooled for Outbound {
    fn is_live(&self) -> bool {
        Self::is_live(self)
    }

    fn is_fresh(&self) -> bool {
        Self::is_fresh(self)
    }
}

impl cloister_gateway::Dialer for Dialler {
    fn dial<'a>(
        &'a self,
        agent: &'a AgentName,
    ) -> BoxFuture<'a, Result<Arc<dyn Channel>, DialError>> {
        Box::pin(async move {
            match self.channel(agent).await {
                Ok(channel) => {
                    let channel: Arc<dyn Channel> = channel;
                    Ok(channel)
                }
                Err(error) => {
                    info!(%agent, code = error.code().id, %error, "no channel");
                    Err(DialError::new(error.failure(), &error))
                }
            }
        })
    }
}

impl Dialler {
    pub(crate) fn new(options: DiallerOptions) -> Self {
        Self(Arc::new(Inner { options, pool: Pool::default() }))
    }

    /// A live channel to `agent`: the open one, or a new one. One that is live but old is used
    /// while its successor is dialled.
    async fn channel(&self, agent: &AgentName) -> Result<Arc<Outbound>, ChannelError> {
        if self.0.options.state.standing().is_none() {
            return Err(ChannelError::NotAdmitted);
        }
        let slot = self.0.pool.slot(agent);
        if let Some(fresh) = slot.fresh() {
            return Ok(fresh);
        }
        if let Some(live) = slot.live() {
            self.replace(agent.clone(), slot);
            return Ok(live);
        }
        let _turn = slot.dialling.lock().await;
        match slot.live() {
            Some(live) => Ok(live),
            None => self.0.dial_into(agent, &slot).await,
        }
    }

    /// Dials a successor for the channel in `slot`, unless somebody does so already.
    fn replace(&self, agent: AgentName, slot: Arc<Slot<Outbound>>) {
        let inner = Arc::clone(&self.0);
        drop(self.0.options.tasks.spawn(async move {
            let Ok(_turn) = slot.dialling.try_lock() else { return };
            if let Err(error) = inner.dial_into(&agent, &slot).await {
                debug!(%agent, code = error.code().id, %error, "no successor yet");
            }
        }));
    }
}

impl Inner {
    async fn dial_into(
        &self,
        agent: &AgentName,
        slot: &Slot<Outbound>,
    ) -> Result<Arc<Outbound>, ChannelError> {
        let standing = self.options.state.standing().ok_or(ChannelError::NotAdmitted)?;
        let mut failure = ChannelError::UnknownAgent(agent.to_string());
        for address in self.endpoints(agent, slot, &standing).await? {
            match self.dial(agent, &address, &standing).await {
                Ok(channel) => {
                    let channel = Arc::new(channel);
                    slot.put(Arc::clone(&channel));
                    return Ok(channel);
                }
                Err(error) => {
                    warn!(%agent, %address, code = error.code().id, %error, "cannot open a channel");
                    failure = error;
                }
            }
        }
        Err(failure)
    }

    /// Where `agent` listens: what the registry says, or said last if it cannot be asked. Hints:
    /// the session proves who answers.
    async fn endpoints(
        &self,
        agent: &AgentName,
        slot: &Slot<Outbound>,
        standing: &Standing,
    ) -> Result<Vec<String>, ChannelError> {
        match self.resolve(agent, standing).await {
            Ok(endpoints) => {
                slot.remember(&endpoints);
                Ok(endpoints)
            }
            Err(error @ ChannelError::UnknownAgent(_)) => Err(error),
            Err(error) => match slot.remembered() {
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
        let mut registry = self.options.verifier.registry(certificate).await?;
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
        match tokio::time::timeout(self.options.limits.handshake_timeout, dialled).await {
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
        let state = &self.options.state;
        let refused = |source| ChannelError::Connect { address: address.to_owned(), source };
        let stream = TcpStream::connect(address).await.map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        let from = stream.peer_addr().map_err(refused)?;
        let name = server_name(standing.trust.trust_domain());
        let connector = TlsConnector::from(Arc::clone(&standing.client));
        let mut stream = connector.connect(name, stream).await.map_err(ChannelError::Tls)?;
        let handshake = Handshake::client(stream.get_ref().1, state.key_exchange())?;
        let session = Session::initiator(
            Arc::clone(&standing.credentials),
            Arc::clone(&standing.trust),
            handshake,
            agent.clone(),
            state.clock().now(),
        )?;
        let verdict =
            establish(&mut stream, session, state.clock(), |proven| self.decide(proven, from))
                .await?;
        let carrier =
            Carrier::new(Direction::Outbound, verdict, stream, &standing.credentials, state)?;
        Outbound::start(
            carrier,
            Arc::clone(state.clock()),
            self.options.limits,
            &self.options.tasks,
        )
        .await
    }

    fn decide(&self, proven: &PeerProven, address: SocketAddr) -> Decision {
        let request = Request {
            direction: Direction::Outbound,
            peer: &subject(&proven.peer),
            local: &self.options.local,
            action: Action::Connect,
        };
        let decision = self.options.policy.decide(&request);
        info!(peer = %proven.peer.agent, instance = %proven.peer.instance, %address, simulated = proven.peer.simulated, tier = %proven.peer.tier, %decision, "dialled");
        if decision.allows() { Decision::Accept } else { Decision::Refuse }
    }
}
