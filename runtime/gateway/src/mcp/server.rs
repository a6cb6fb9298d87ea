//! Tool servers: what the configuration says of them, and how a request reaches one.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

use cloister_attestation::manifest::is_agent_name;
use cloister_channel::AgentName;
use cloister_policy::Subject;
use http::header::HOST;
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};

use super::error::McpError;
use super::session::Sessions;
use crate::agent::AgentAddress;
use crate::body::Body;
use crate::client::AgentClient;
use crate::dialer::{BoxFuture, Channel, DialError, DialFailure};
use crate::end::{Party, Target};
use crate::error::Cause;
use crate::headers::vouch;
use crate::path::{PlainPath, tool_server};

/// The name of a tool server: a DNS label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerName(String);

/// Why a tool server cannot be had as configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ToolServerError {
    /// The name is no DNS label.
    #[error("a tool server's name is 1 to 63 lower-case letters, digits and inner hyphens")]
    Name,
    /// The path has more than one reading.
    #[error("a tool server's path begins with a slash and has no empty, dot or encoded segments")]
    Path,
    /// A server behind a peer's runtime is served to other peers.
    #[error("a tool server behind a peer's runtime cannot be exposed to other peers")]
    Relay,
}

impl ServerName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`ToolServerError::Name`].
    pub fn new(name: &str) -> Result<Self, ToolServerError> {
        if is_agent_name(name) { Ok(Self(name.to_owned())) } else { Err(ToolServerError::Name) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a tool server is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolPlace {
    /// It listens on loopback, and its endpoint is at this path.
    Http {
        /// Where it listens.
        address: AgentAddress,
        /// The path of its MCP endpoint, for example `/mcp`.
        path: String,
    },
    /// Behind the runtime of a peer, which exposes it under this name.
    Peer {
        /// The peer's agent.
        agent: AgentName,
        /// The server's name there.
        server: ServerName,
    },
}

/// One tool server, as the measured configuration names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolServer {
    name: ServerName,
    place: ToolPlace,
    path: PathAndQuery,
    exposed: bool,
}

impl ToolServer {
    /// Checks a configuration. Peers may ask for a server that is `exposed`; what they may ask of
    /// it is for policy to decide.
    ///
    /// # Errors
    /// [`ToolServerError`] for a server that could not be reached, or by whom it must not be.
    pub fn new(name: ServerName, place: ToolPlace, exposed: bool) -> Result<Self, ToolServerError> {
        let path = match &place {
            ToolPlace::Http { path, .. } => endpoint_path(path)?,
            // SECURITY: whoever is behind it would be taken for this runtime's agent.
            ToolPlace::Peer { .. } if exposed => return Err(ToolServerError::Relay),
            ToolPlace::Peer { server, .. } => endpoint_path(&format!("/tools/{server}/mcp"))?,
        };
        Ok(Self { name, place, path, exposed })
    }

    /// The name under which it is called, and policy speaks of it.
    #[must_use]
    pub const fn name(&self) -> &ServerName {
        &self.name
    }
}

/// The tool servers of one runtime, for both directions.
#[derive(Debug, Default)]
pub struct ToolServers {
    servers: BTreeMap<ServerName, Arc<Server>>,
}

impl ToolServers {
    /// Connects to nothing yet. Of two servers of one name the later counts.
    #[must_use]
    pub fn new(servers: impl IntoIterator<Item = ToolServer>) -> Self {
        let servers = servers.into_iter().map(|server| {
            let server = Server::from(server);
            (server.name.clone(), Arc::new(server))
        });
        Self { servers: servers.collect() }
    }

    /// What a peer asks for with this path.
    pub(crate) fn for_peer(&self, path: &str) -> Target {
        self.target(path, |server| server.exposed)
    }

    /// What a visitor asks for: sessions belong to an identity, and a visitor has none.
    pub(crate) fn for_visitor(&self, path: &str) -> Target {
        self.target(path, |_| false)
    }

    /// What the local agent asks for with this path.
    pub(crate) fn for_agent(&self, path: &str) -> Target {
        self.target(path, |_| true)
    }

    fn target(&self, path: &str, may_ask: impl Fn(&Server) -> bool) -> Target {
        let Some(name) = tool_server(path) else { return Target::Agent };
        let named = ServerName::new(name).ok().and_then(|name| self.servers.get(&name));
        named
            .filter(|server| may_ask(server))
            .map_or(Target::NoServer, |server| Target::Server(Arc::clone(server)))
    }
}

/// One tool server that can be asked.
#[derive(Debug)]
pub(crate) struct Server {
    name: ServerName,
    exposed: bool,
    sessions: Sessions,
    endpoint: Endpoint,
}

/// How a tool server is reached.
#[derive(Debug)]
pub(crate) enum Endpoint {
    /// By HTTP on loopback.
    Http(Box<AgentClient>, PathAndQuery),
    /// By a channel to this agent.
    Peer(AgentName, PathAndQuery),
}

impl From<ToolServer> for Server {
    fn from(server: ToolServer) -> Self {
        let ToolServer { name, place, path, exposed } = server;
        let endpoint = match place {
            ToolPlace::Http { address, .. } => {
                Endpoint::Http(Box::new(AgentClient::new(address.into())), path)
            }
            ToolPlace::Peer { agent, .. } => Endpoint::Peer(agent, path),
        };
        Self { name, exposed, sessions: Sessions::default(), endpoint }
    }
}

impl Server {
    pub(crate) fn name(&self) -> &str {
        self.name.as_str()
    }

    pub(crate) const fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    pub(crate) const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a request to a server of this machine.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, Cause> {
        match &self.endpoint {
            Endpoint::Http(client, path) => {
                *request.uri_mut() = Uri::from(path.clone());
                // The client writes the one that the server listens under.
                request.headers_mut().remove(HOST);
                client.send(request).await
            }
            Endpoint::Peer(..) => Err(McpError::NoServer.into()),
        }
    }
}

fn endpoint_path(path: &str) -> Result<PathAndQuery, ToolServerError> {
    PlainPath::parse(path).map_err(|_| ToolServerError::Path)?;
    path.parse::<PathAndQuery>()
        .ok()
        .filter(|path| path.query().is_none())
        .ok_or(ToolServerError::Path)
}

/// A server of this machine as the local agent calls it: like one behind a channel whose peer is
/// this runtime itself.
pub(crate) struct Beside {
    server: Arc<Server>,
    own: Arc<Subject>,
}

impl Beside {
    pub(crate) const fn new(server: Arc<Server>, own: Arc<Subject>) -> Self {
        Self { server, own }
    }
}

impl Channel for Beside {
    fn peer(&self) -> Arc<Subject> {
        Arc::clone(&self.own)
    }

    fn send(&self, mut request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, DialError>> {
        vouch(request.headers_mut(), Party::Attested(&self.own));
        Box::pin(async move {
            self.server.send(request).await.map_err(|cause| {
                let was_sent = matches!(cause, Cause::AgentFailed(_));
                let failure =
                    if was_sent { DialFailure::Interrupted } else { DialFailure::Unreachable };
                DialError::new(failure, &cause)
            })
        })
    }
}
