//! The connection to the agent in the same enclave.

use core::error::Error;
use core::fmt;

use http::uri::{Authority, Scheme};
use http::{Request, Response, Version};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::agent::AgentAddress;
use crate::body::{Body, boxed};
use crate::end::at;
use crate::error::Cause;
use crate::limits::{AGENT_CONNECT_MAX, AGENT_IDLE_MAX};

/// Speaks HTTP/1.1 to the local agent. A request that is dropped, or whose answer is dropped before
/// its end, closes its connection at once, which is how the agent learns of it.
#[derive(Clone)]
pub(crate) struct AgentClient {
    address: AgentAddress,
    client: Client<HttpConnector, Body>,
}

impl AgentClient {
    pub(crate) fn new(address: AgentAddress) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(AGENT_CONNECT_MAX));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(AGENT_IDLE_MAX)
            .build(connector);
        Self { address, client }
    }

    /// Sends one request; only path and query of its URI count, and `Host` becomes the agent's.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, Cause> {
        let authority = self.address.to_string().parse::<Authority>();
        let authority = authority.map_err(|error| Cause::AgentUnreachable(error.to_string()))?;
        *request.uri_mut() = at(Scheme::HTTP, authority, request.uri())?;
        *request.version_mut() = Version::HTTP_11;
        let response = self.client.request(request).await.map_err(|error| {
            let why = chain(&error);
            if error.is_connect() { Cause::AgentUnreachable(why) } else { Cause::AgentFailed(why) }
        })?;
        if response.status().is_informational() {
            return Err(Cause::AgentFailed("it switched protocols".to_owned()));
        }
        Ok(response.map(boxed))
    }
}

impl fmt::Debug for AgentClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentClient").field("address", &self.address).finish_non_exhaustive()
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
