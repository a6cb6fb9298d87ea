//! The connection to the agent in the same enclave.

use core::error::Error;
use core::fmt;
use std::sync::Arc;

use http::uri::{Authority, Scheme};
use http::{Request, Response, Version};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::agent::{AgentAddress, AgentPorts};
use crate::body::{Body, boxed};
use crate::end::at;
use crate::error::Cause;
use crate::limits::AGENT_IDLE_MAX;
use crate::loopback::{Connector, Loopback};
use crate::reply::Shape;

/// Speaks to the local agent: HTTP/2 for gRPC, HTTP/1.1 for everything else. A request that is
/// dropped, or whose answer is dropped before its end, resets its stream or closes its connection at
/// once, which is how the agent learns of it.
#[derive(Clone)]
pub(crate) struct AgentClient {
    agent: AgentPorts,
    http: Client<Connector, Body>,
    grpc: Client<Connector, Body>,
}

impl AgentClient {
    /// For an agent that is on `loopback`.
    pub(crate) fn new(agent: AgentPorts, loopback: &Arc<dyn Loopback>) -> Self {
        let connector = Connector::new(Arc::clone(loopback));
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(AGENT_IDLE_MAX);
        let http = builder.build(connector.clone());
        let grpc = builder.http2_only(true).build(connector);
        Self { agent, http, grpc }
    }

    /// The same agent, on `loopback`.
    pub(crate) fn within(&self, loopback: &Arc<dyn Loopback>) -> Self {
        Self::new(self.agent, loopback)
    }

    /// Sends one request; only path and query of its URI count, and `Host` becomes the agent's.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, Cause> {
        let is_grpc = matches!(Shape::of_head(request.headers()), Shape::Grpc);
        let (client, address, version) = if is_grpc {
            (&self.grpc, self.agent.grpc, Version::HTTP_2)
        } else {
            (&self.http, self.agent.http, Version::HTTP_11)
        };
        *request.version_mut() = version;
        sent(client, address, request).await
    }

    /// Sends one request to another place of the agent's, over HTTP/1.1.
    pub(crate) async fn post_to(
        &self,
        address: AgentAddress,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Cause> {
        *request.version_mut() = Version::HTTP_11;
        sent(&self.http, address, request).await
    }
}

async fn sent(
    client: &Client<Connector, Body>,
    address: AgentAddress,
    mut request: Request<Body>,
) -> Result<Response<Body>, Cause> {
    let authority = address.to_string().parse::<Authority>();
    let authority = authority.map_err(|error| Cause::AgentUnreachable(error.to_string()))?;
    *request.uri_mut() = at(Scheme::HTTP, authority, request.uri())?;
    let response = client.request(request).await.map_err(|error| {
        let why = chain(&error);
        if error.is_connect() { Cause::AgentUnreachable(why) } else { Cause::AgentFailed(why) }
    })?;
    if response.status().is_informational() {
        return Err(Cause::AgentFailed("it switched protocols".to_owned()));
    }
    Ok(response.map(boxed))
}

impl fmt::Debug for AgentClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentClient").field("agent", &self.agent).finish_non_exhaustive()
    }
}

/// An error with its causes, in one line.
fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    line
}
