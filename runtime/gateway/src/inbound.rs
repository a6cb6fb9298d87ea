//! From a peer's channel to the local agent.

use std::sync::Arc;

use bytes::Bytes;
use cloister_policy::{LocalAgent, PolicyBundle, Subject};
use http::{Request, Response, StatusCode};

use crate::agent::AgentAddress;
use crate::body::{Body, BodyError, empty};

/// What an [`Inbound`] needs to know.
#[derive(Clone, Debug)]
pub struct InboundOptions {
    /// The agent that this runtime runs.
    pub local: LocalAgent,
    /// Where it listens.
    pub agent: AgentAddress,
    /// What peers may do.
    pub policy: Arc<PolicyBundle>,
}

/// Carries the requests of every channel's peer to the local agent. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Inbound {
    _options: InboundOptions,
}

impl Inbound {
    /// Makes the path; connects to nothing yet.
    #[must_use]
    pub fn new(options: InboundOptions) -> Self {
        Self { _options: options }
    }

    /// Answers one request that arrived on the channel of `peer`.
    ///
    /// # Security
    /// `peer` must come from the verdict that the channel was accepted under.
    pub async fn call<B>(&self, _peer: Arc<Subject>, _request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        let mut response = Response::new(empty());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response
    }
}
