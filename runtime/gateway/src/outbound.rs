//! From the local agent to a peer's channel.

use std::sync::Arc;

use bytes::Bytes;
use cloister_policy::{LocalAgent, PolicyBundle};
use http::{Request, Response, StatusCode};

use crate::body::{Body, BodyError, empty};
use crate::dialer::Dialer;

/// What an [`Outbound`] needs to know.
#[derive(Clone)]
pub struct OutboundOptions {
    /// The agent that this runtime runs.
    pub local: LocalAgent,
    /// What it may do at peers.
    pub policy: Arc<PolicyBundle>,
    /// Opens channels.
    pub dialer: Arc<dyn Dialer>,
}

/// Carries the requests that the local agent makes at `/agents/{name}/…`. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    _options: OutboundOptions,
}

impl Outbound {
    /// Makes the path; dials nobody yet.
    #[must_use]
    pub fn new(options: OutboundOptions) -> Self {
        Self { _options: options }
    }

    /// Answers one request of the local agent.
    pub async fn call<B>(&self, _request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        let mut response = Response::new(empty());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response
    }
}
