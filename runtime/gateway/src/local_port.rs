//! From a port on a person's machine to one agent: the list of steps.

use core::fmt;
use std::sync::Arc;

use bytes::Bytes;
use cloister_channel::AgentName;
use http::{Request, Response};
use tower::ServiceBuilder;

use crate::body::{Body, BodyError, boxed};
use crate::card::PeerCards;
use crate::dialer::Dialer;
use crate::directory::Directory;
use crate::layer::{
    Answer, Classify, Cleanse, Deliver, Dial, Path, Present, Reach, Single, Surface,
};
use crate::metrics::Metrics;
use crate::reply::Audience;

/// What a [`LocalPort`] needs to know.
#[derive(Clone)]
pub struct LocalPortOptions {
    /// The agent that the port is for.
    pub agent: AgentName,
    /// Who may speak to it here.
    pub reach: Reach,
    /// Reaches its runtime.
    pub dialer: Arc<dyn Dialer>,
}

impl fmt::Debug for LocalPortOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalPortOptions")
            .field("agent", &self.agent)
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}

/// Carries the requests of whoever reaches a local port to one agent, at the paths that the agent
/// has them. Cheap to clone.
///
/// No policy is asked here: it is the agent's runtime that decides what a visitor may do.
#[derive(Clone)]
pub struct LocalPort(Arc<dyn Path<Request<Body>>>);

impl LocalPort {
    /// Makes the path; dials nobody yet.
    #[must_use]
    pub fn new(options: LocalPortOptions) -> Self {
        let LocalPortOptions { agent, reach, dialer } = options;
        let path = ServiceBuilder::new()
            .layer(Answer::layer(Audience::Local, Arc::new(Metrics::default())))
            .layer(Surface::layer(reach))
            .layer(Single::layer(agent))
            .layer(Dial::layer(dialer))
            .layer(Classify::layer(Arc::new(Directory::default())))
            .layer(Cleanse::layer())
            .layer(Present::layer(Arc::new(PeerCards { vouch: None, doors: None })))
            .service(Deliver);
        Self(Arc::new(path))
    }

    /// Answers one request. Dropping the future, or the body of the response, cancels the request
    /// at the agent's runtime.
    pub async fn call<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        self.0.answer(request.map(boxed)).await
    }
}

impl fmt::Debug for LocalPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalPort").finish_non_exhaustive()
    }
}
