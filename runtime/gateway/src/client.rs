//! The connection to the agent in the same enclave.

mod exchange;
mod line;
mod pool;

use core::error::Error;
use core::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Request, Response, Uri, Version};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::agent::{AgentAddress, AgentPorts};
use crate::body::{Body, boxed};
use crate::end::at;
use crate::error::Cause;
use crate::limits::AGENT_IDLE_MAX;
use crate::loopback::{Connector, Loopback};
use crate::reply::Shape;
use exchange::exchange;
use line::{Failed, Line};
use pool::Pool;

/// Speaks to the local agent: HTTP/2 for gRPC, HTTP/1.1 for everything else. A request that is
/// dropped, or whose answer is dropped before its end, resets its stream or closes its connection at
/// once, which is how the agent learns of it.
#[derive(Clone)]
pub(crate) struct AgentClient {
    agent: AgentPorts,
    loopback: Arc<dyn Loopback>,
    pool: Arc<Pool>,
    grpc: Client<Connector, Body>,
}

impl AgentClient {
    /// For an agent that is on `loopback`.
    pub(crate) fn new(agent: AgentPorts, loopback: &Arc<dyn Loopback>) -> Self {
        let connector = Connector::new(Arc::clone(loopback));
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(AGENT_IDLE_MAX);
        let grpc = builder.http2_only(true).build(connector);
        Self { agent, loopback: Arc::clone(loopback), pool: Arc::default(), grpc }
    }

    /// The same agent, on `loopback`.
    pub(crate) fn within(&self, loopback: &Arc<dyn Loopback>) -> Self {
        Self::new(self.agent, loopback)
    }

    /// Sends one request; only path and query of its URI count, and `Host` becomes the agent's.
    pub(crate) async fn send(&self, request: Request<Body>) -> Result<Response<Body>, Cause> {
        if Shape::is_grpc(request.headers()) {
            self.grpc(request).await.and_then(final_one)
        } else {
            self.post_to(self.agent.http, request).await
        }
    }

    /// Sends one request to a place of the agent's, over HTTP/1.1.
    pub(crate) async fn post_to(
        &self,
        address: AgentAddress,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Cause> {
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
        *request.version_mut() = Version::HTTP_11;
        let host = HeaderValue::try_from(address.to_string());
        let host = host.map_err(|error| Cause::AgentUnreachable(error.to_string()))?;
        request.headers_mut().insert(HOST, host);
        self.http(address.get(), request).await.and_then(final_one)
    }

    async fn http(
        &self,
        address: SocketAddr,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Cause> {
        loop {
            let waiting = self.pool.take(address);
            let was_used = waiting.is_some();
            let line = match waiting {
                Some(line) => line,
                None => Line::open(&*self.loopback, address)
                    .await
                    .map_err(|error| Cause::AgentUnreachable(chain(&error)))?,
            };
            match exchange(&self.pool, line, request).await {
                Ok(response) => return Ok(response),
                // The agent hung up at the same moment, and got nothing of it.
                Err(Failed { unsent: Some(unsent), .. }) if was_used => request = unsent,
                Err(Failed { error, .. }) => return Err(Cause::AgentFailed(chain(&error))),
            }
        }
    }

    async fn grpc(&self, mut request: Request<Body>) -> Result<Response<Body>, Cause> {
        let authority = self.agent.grpc.to_string().parse::<Authority>();
        let authority = authority.map_err(|error| Cause::AgentUnreachable(error.to_string()))?;
        *request.uri_mut() = at(Scheme::HTTP, authority, request.uri())?;
        *request.version_mut() = Version::HTTP_2;
        let response = self.grpc.request(request).await.map_err(|error| {
            let why = chain(&error);
            if error.is_connect() { Cause::AgentUnreachable(why) } else { Cause::AgentFailed(why) }
        })?;
        Ok(response.map(boxed))
    }
}

/// The same answer, unless another one ought to follow it.
fn final_one(response: Response<Body>) -> Result<Response<Body>, Cause> {
    if response.status().is_informational() {
        return Err(Cause::AgentFailed("it switched protocols".to_owned()));
    }
    Ok(response)
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

#[cfg(test)]
mod tests;
