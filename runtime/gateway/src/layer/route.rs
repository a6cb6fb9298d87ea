//! Reads what a local request is for: an agent, by `/agents/NAME/…` or by a host that is the agent's,
//! or a tool server, by `/tools/NAME/mcp`.

use std::sync::Arc;

use cloister_channel::AgentName;
use http::uri::{Authority, PathAndQuery};
use http::{Request, Uri};
use tower::Layer;
use tower::layer::layer_fn;

use super::surface::{Local, agent_of, ip};
use super::{Next, Outcome, step};
use crate::body::Body;
use crate::doors::Doors;
use crate::end::Target;
use crate::error::Cause;
use crate::mcp::{McpError, Server, ToolServers};
use crate::path::PlainPath;
use crate::reply::{Refused, Shape};

/// Whom a request is for.
pub(crate) enum Destination {
    Agent(AgentName),
    Server(Arc<Server>),
}

impl From<Destination> for Target {
    fn from(destination: Destination) -> Self {
        match destination {
            Destination::Agent(_) => Self::Agent,
            Destination::Server(server) => Self::Server(server),
        }
    }
}

/// A request for an agent or a tool server, with the path that it has there.
pub(crate) struct Routed {
    pub(crate) destination: Destination,
    /// Where the local agent finds that agent: `http://AUTHORITY/agents/NAME`, or
    /// `http://AUTHORITY`.
    pub(crate) base: String,
    /// `host:port` that names this agent and no other, if it was called by one.
    pub(crate) own_place: Option<String>,
    pub(crate) request: Request<Body>,
}

impl Routed {
    /// A request to a host that is the agent's own, whose paths are all its own.
    pub(crate) fn at_own_place(
        agent: AgentName,
        authority: &Authority,
        request: Request<Body>,
    ) -> Self {
        let own_place = authority.port().map(|_| authority.to_string());
        let (destination, base) = (Destination::Agent(agent), format!("http://{authority}"));
        Self { destination, base, own_place, request }
    }
}

/// The step; see the module.
pub(crate) struct Route<S> {
    doors: Option<Arc<dyn Doors>>,
    servers: Arc<ToolServers>,
    next: S,
}

impl<S> Route<S> {
    pub(crate) fn layer(
        doors: Option<Arc<dyn Doors>>,
        servers: Arc<ToolServers>,
    ) -> impl Layer<S, Service = Self> {
        layer_fn(move |next| Self { doors: doors.clone(), servers: Arc::clone(&servers), next })
    }

    async fn run(&self, local: Local) -> Outcome
    where
        S: Next<Routed>,
    {
        let Local { authority, mut request } = local;
        let behind = |doors: &Arc<dyn Doors>| doors.behind(ip(&authority)?);
        let by_host = agent_of(&authority).or_else(|| self.doors.as_ref().and_then(behind));
        if let Some(agent) = by_host {
            return self.next.proceed(Routed::at_own_place(agent, &authority, request)).await;
        }
        let (destination, base) = match self.servers.for_agent(request.uri().path()) {
            Target::Server(server) => {
                let base = format!("http://{authority}/tools/{}", server.name());
                (Destination::Server(server), base)
            }
            Target::NoServer | Target::Webhook(_) | Target::NoWebhook => {
                return Err(Refused::new(McpError::NoServer, Shape::Mcp(Arc::default())));
            }
            Target::Agent => {
                let (agent, uri) = match target(request.uri()) {
                    Ok(target) => target,
                    Err(cause) => {
                        return Err(Refused::new(cause, Shape::of_refused(request).await));
                    }
                };
                *request.uri_mut() = uri;
                let base = format!("http://{authority}/agents/{agent}");
                (Destination::Agent(agent), base)
            }
        };
        self.next.proceed(Routed { destination, base, own_place: None, request }).await
    }
}

step!(Route [] Local => Routed);

/// The agent's name, and the rest of the path with the query.
fn target(uri: &Uri) -> Result<(AgentName, Uri), Cause> {
    let path = PlainPath::parse(uri.path())?;
    let beneath = path.beneath("/agents").ok_or(Cause::NotServed)?;
    let (name, rest) = beneath.split_once('/').unwrap_or((beneath, ""));
    let agent = AgentName::new(name).map_err(|_| Cause::NotServed)?;
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let rest = format!("/{rest}{query}").parse::<PathAndQuery>().map_err(|_| Cause::NotServed)?;
    Ok((agent, Uri::from(rest)))
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn the_rest_of_the_path_is_the_agents() {
        for (uri, name, rest) in [
            ("/agents/translator/a2a/jsonrpc", "translator", "/a2a/jsonrpc"),
            ("/agents/translator/", "translator", "/"),
            ("/agents/translator", "translator", "/"),
            ("/agents/translator?x=%2F", "translator", "/?x=%2F"),
            ("http://127.0.0.1/agents/b/tasks?pageSize=1", "b", "/tasks?pageSize=1"),
            ("/agents/b/agents/c/", "b", "/agents/c/"),
        ] {
            let (agent, there) = target(&uri.parse().unwrap()).unwrap();
            assert_eq!((agent.as_str(), there.to_string().as_str()), (name, rest), "{uri}");
        }
    }

    #[test]
    fn paths_that_are_no_agents_are_refused() {
        for uri in [
            "/",
            "/agents",
            "/agents/",
            "/agents//x",
            "/Agents/b/",
            "/agents/../b",
            "/agents/b/../c/",
            "/agents/b%2fc/",
            "/agents/%62/",
            "/agents/B/",
            "/agentsb/x",
            "/tools/b/mcp",
            "*",
        ] {
            assert!(target(&uri.parse().unwrap()).is_err(), "{uri}");
        }
    }
}
