//! From a peer's channel to the local agent: the list of steps.

use core::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use cloister_policy::{InForce, LocalAgent, Subject};
use http::{Request, Response};
use tower::ServiceBuilder;

use crate::agent::AgentPorts;
use crate::body::{Body, BodyError, boxed};
use crate::card::{OriginPolicy, OwnCard, Vouch};
use crate::client::AgentClient;
use crate::delegation::Delegations;
use crate::directory::Directory;
use crate::end::{Caller, Party};
use crate::layer::{
    Answer, Arrived, Attribute, Audit, Authorize, Classify, Cleanse, Deliver, Gate, Identify,
    Limit, Own, Path, Present, Push, Tools,
};
use crate::limiter::Limiter;
use crate::limits::REQUESTS_MAX;
use crate::loopback::{Loopback, OwnLoopback};
use crate::mcp::ToolServers;
use crate::metrics::{Counts, Metrics};
use crate::ownership::{Owner, Owners};
use crate::push::Pushes;
use crate::recorder::Recorder;
use crate::reply::Audience;

/// What an [`Inbound`] needs to know.
#[derive(Clone)]
pub struct InboundOptions {
    /// The agent that this runtime runs.
    pub local: LocalAgent,
    /// Where it listens.
    pub agent: AgentPorts,
    /// What peers may do.
    pub policy: Arc<InForce>,
    /// What the agent's own card has to be.
    pub origin: Arc<OriginPolicy>,
    /// Vouches for the card that peers are shown.
    pub vouch: Arc<dyn Vouch>,
    /// Whose the agent's tasks are: outlives whatever else of this is replaced.
    pub owners: Arc<Owners>,
    /// What is known of push notifications: the same for both directions.
    pub pushes: Arc<Pushes>,
    /// The tool servers beside it; peers may ask for those that are exposed.
    pub servers: Arc<ToolServers>,
    /// Puts on record what they do, and what they may not.
    pub recorder: Arc<dyn Recorder>,
    /// What others let them do.
    pub delegations: Arc<Delegations>,
}

impl fmt::Debug for InboundOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundOptions")
            .field("local", &self.local)
            .field("agent", &self.agent)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// Carries the requests of every channel's peer to the local agent. Cheap to clone.
#[derive(Clone)]
pub struct Inbound {
    agent: AgentClient,
    servers: Arc<ToolServers>,
    metrics: Arc<Metrics>,
    owners: Arc<Owners>,
    pushes: Arc<Pushes>,
    visits: Arc<AtomicU64>,
    path: Arc<dyn Path<Arrived<Caller>>>,
}

impl Inbound {
    /// Makes the path; connects to nothing yet.
    #[must_use]
    pub fn new(options: InboundOptions) -> Self {
        let InboundOptions {
            local,
            agent,
            policy,
            origin,
            vouch,
            owners,
            pushes,
            servers,
            recorder,
            delegations,
        } = options;
        let own_card = OwnCard { agent: local.agent.clone(), origin, vouch };
        let metrics = Arc::new(Metrics::default());
        let gate = Arc::new(Gate { local, policy });
        let path = ServiceBuilder::new()
            .layer(Answer::layer(Audience::Peer, Arc::clone(&metrics)))
            .layer(Classify::layer(Arc::new(Directory::default())))
            .layer(Attribute::layer(delegations))
            .layer(Authorize::layer(Arc::clone(&gate)))
            .layer(Audit::layer(Arc::clone(&recorder)))
            .layer(Limit::layer(Limiter::new(Some(REQUESTS_MAX))))
            .layer(Own::layer(Arc::clone(&owners)))
            .layer(Cleanse::layer())
            .layer(Tools::layer(gate, recorder))
            .layer(Identify::layer())
            .layer(Push::layer(Arc::clone(&pushes)))
            .layer(Present::layer(Arc::new(own_card)))
            .service(Deliver);
        let own: Arc<dyn Loopback> = Arc::new(OwnLoopback);
        let client = AgentClient::new(agent, &own);
        let path = Arc::new(path);
        Self { agent: client, servers, metrics, owners, pushes, visits: Arc::default(), path }
    }

    /// The same, for an agent that is on another loopback network than this process.
    #[must_use]
    pub fn within(self, loopback: &Arc<dyn Loopback>) -> Self {
        Self { agent: self.agent.within(loopback), ..self }
    }

    /// Answers one request that arrived on the channel of `peer`. Dropping the future, or the body
    /// of the response, tells the agent that nobody waits any longer.
    ///
    /// # Security
    /// `peer` must come from the verdict that the channel was accepted under.
    pub async fn call<B>(&self, peer: Arc<Subject>, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        let owner = Owner::of(&peer);
        self.answer(Party::Attested(peer), owner, request.map(boxed)).await
    }

    /// Begins the visit of somebody of whom nothing is attested, one for each connection.
    #[must_use]
    pub fn visit(&self) -> Visit {
        let number = self.visits.fetch_add(1, Ordering::Relaxed);
        Visit { inbound: self.clone(), owner: Owner::Visit(number) }
    }

    async fn answer(
        &self,
        peer: Party<Arc<Subject>>,
        owner: Owner,
        request: Request<Body>,
    ) -> Response<Body> {
        let path = request.uri().path();
        let delivery = self.pushes.target(path, &peer);
        let target = delivery.unwrap_or_else(|| match &peer {
            Party::Attested(_) => self.servers.for_peer(path),
            Party::Visitor => self.servers.for_visitor(path),
        });
        let agent = self.agent.clone();
        let end = Caller { peer, owner, agent, target, delegation: None };
        self.path.answer(Arrived { end, request }).await
    }

    /// What became of the requests so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.metrics.counts()
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound").field("agent", &self.agent).finish_non_exhaustive()
    }
}

/// One visit. When it is dropped, nobody owns any longer what it made at the agent.
#[derive(Debug)]
pub struct Visit {
    inbound: Inbound,
    owner: Owner,
}

impl Visit {
    /// Answers one request of the visitor: policy is asked about it as a visitor, and the agent is
    /// told so. Otherwise as [`Inbound::call`].
    pub async fn call<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        self.inbound.answer(Party::Visitor, self.owner.clone(), request.map(boxed)).await
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.inbound.owners.forget(&self.owner);
    }
}
