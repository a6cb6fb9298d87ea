//! From the local agent to a peer's channel: the list of steps.

use core::fmt;
use std::sync::Arc;

use bytes::Bytes;
use cloister_policy::{InForce, LocalAgent};
use http::{Request, Response};
use tower::ServiceBuilder;

use crate::body::{Body, BodyError, boxed};
use crate::card::{PeerCards, Vouch};
use crate::delegation::Delegations;
use crate::dialer::Dialer;
use crate::directory::Directory;
use crate::doors::Doors;
use crate::layer::{
    Answer, Audit, Authorize, Classify, Cleanse, Delegate, Deliver, Dial, Gate, Limit, Notify,
    Path, Present, Push, Reach, Route, Surface, Tools,
};
use crate::limiter::Limiter;
use crate::mcp::ToolServers;
use crate::metrics::{Counts, Metrics};
use crate::push::{Courier, Pushes};
use crate::recorder::Recorder;
use crate::reply::Audience;

/// What an [`Outbound`] needs to know.
#[derive(Clone)]
pub struct OutboundOptions {
    /// The agent that this runtime runs.
    pub local: LocalAgent,
    /// What it may do at peers.
    pub policy: Arc<InForce>,
    /// Opens channels.
    pub dialer: Arc<dyn Dialer>,
    /// Gives agents local addresses. Without it no card offers gRPC, unless the agent was called by
    /// a name of its own.
    pub doors: Option<Arc<dyn Doors>>,
    /// Vouches for the cards that the agent is shown.
    pub vouch: Arc<dyn Vouch>,
    /// What is known of push notifications: the same for both directions.
    pub pushes: Arc<Pushes>,
    /// The tool servers that it may find at `/tools/{name}/mcp`.
    pub servers: Arc<ToolServers>,
    /// Puts on record what it does, and what it may not.
    pub recorder: Arc<dyn Recorder>,
    /// What it was passed on, and passes on.
    pub delegations: Arc<Delegations>,
}

impl fmt::Debug for OutboundOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundOptions")
            .field("local", &self.local)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// Carries the requests that the local agent makes at `/agents/{name}/…` and `/tools/{name}/mcp`.
/// Cheap to clone.
///
/// The listener that serves this must be bound to a loopback address.
#[derive(Clone)]
pub struct Outbound {
    metrics: Arc<Metrics>,
    pushes: Arc<Pushes>,
    path: Arc<dyn Path<Request<Body>>>,
}

impl Outbound {
    /// Makes the path; dials nobody yet.
    #[must_use]
    pub fn new(options: OutboundOptions) -> Self {
        let OutboundOptions {
            local,
            policy,
            dialer,
            doors,
            vouch,
            pushes,
            servers,
            recorder,
            delegations,
        } = options;
        let cards = PeerCards { vouch: Some(vouch), doors: doors.clone() };
        let metrics = Arc::new(Metrics::default());
        let gate = Arc::new(Gate { local, policy });
        let limiter = Limiter::new(None);
        let delivery = ServiceBuilder::new()
            .layer(Authorize::layer(Arc::clone(&gate)))
            .layer(Audit::layer(Arc::clone(&recorder)))
            .layer(Limit::layer(Arc::clone(&limiter)))
            .layer(Cleanse::layer())
            .service(Deliver);
        let courier = Courier::new(Arc::clone(&pushes), Arc::clone(&dialer), delivery);
        let path = ServiceBuilder::new()
            .layer(Answer::layer(Audience::Local, Arc::clone(&metrics)))
            .layer(Surface::layer(Reach::Loopback))
            .layer(Notify::layer(courier))
            .layer(Route::layer(doors, servers))
            .layer(Dial::layer(dialer))
            .layer(Classify::layer(Arc::new(Directory::default())))
            .layer(Delegate::layer(delegations))
            .layer(Authorize::layer(Arc::clone(&gate)))
            .layer(Audit::layer(Arc::clone(&recorder)))
            .layer(Limit::layer(limiter))
            .layer(Cleanse::layer())
            .layer(Tools::layer(gate, recorder))
            .layer(Present::layer(Arc::new(cards)))
            .layer(Push::layer(Arc::clone(&pushes)))
            .service(Deliver);
        Self { metrics, pushes, path: Arc::new(path) }
    }

    /// Answers one request of the local agent. Dropping the future, or the body of the response,
    /// cancels the request at the peer.
    pub async fn call<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        self.path.answer(request.map(boxed)).await
    }

    /// Forgets the push notification configurations of runtimes whose instance `is_gone`, in both
    /// directions: they were revoked.
    pub fn forget_instances(&self, is_gone: impl Fn(&str) -> bool) {
        self.pushes.forget_instances(is_gone);
    }

    /// What became of the requests so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.metrics.counts()
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").finish_non_exhaustive()
    }
}
