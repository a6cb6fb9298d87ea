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

use super::catalogue::{Catalogue, Tool};
use super::definition::{Definition, ToolDigest};
use super::error::McpError;
use super::pins::ToolPins;
use super::program::{Bridge, Launcher};
use super::revision::Revision;
use super::session::{Room, Sessions};
use crate::agent::AgentAddress;
use crate::body::Body;
use crate::client::AgentClient;
use crate::dialer::{BoxFuture, Channel, DialError, DialFailure};
use crate::end::{Party, Target};
use crate::error::Cause;
use crate::headers::vouch;
use crate::limits::{PINS_OF_ONE_MAX, PROCESSES_MAX, PROCESSES_OF_ONE_MAX, TOOLS_MAX};
use crate::loopback::{Loopback, OwnLoopback};
use crate::path::{PlainPath, tool_server};
use crate::recorder::Recorder;

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
    /// A pin without a digest, or too many of them.
    #[error("a pin has one to {PINS_OF_ONE_MAX} digests, and a server at most {TOOLS_MAX} pins")]
    Pins,
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
#[derive(Clone, Debug)]
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
    /// It is a program under the runtime, which speaks on its standard input and output.
    Program(Arc<dyn Launcher>),
}

/// One tool server, as the measured configuration names it.
#[derive(Clone, Debug)]
pub struct ToolServer {
    name: ServerName,
    place: ToolPlace,
    path: PathAndQuery,
    exposed: bool,
    pins: ToolPins,
}

impl ToolServer {
    /// Checks a configuration. Peers may ask for a server that is `exposed`; what they may ask of
    /// it is for policy to decide. `pins` says which tools it is expected to have.
    ///
    /// # Errors
    /// [`ToolServerError`] for a server that could not be reached, or by whom it must not be.
    pub fn new(
        name: ServerName,
        place: ToolPlace,
        exposed: bool,
        pins: ToolPins,
    ) -> Result<Self, ToolServerError> {
        let path = match &place {
            ToolPlace::Http { path, .. } => endpoint_path(path)?,
            // SECURITY: whoever is behind it would be taken for this runtime's agent.
            ToolPlace::Peer { .. } if exposed => return Err(ToolServerError::Relay),
            ToolPlace::Peer { server, .. } => endpoint_path(&format!("/tools/{server}/mcp"))?,
            ToolPlace::Program(_) => PathAndQuery::from_static("/"),
        };
        Ok(Self { name, place, path, exposed, pins })
    }

    /// The name under which it is called, and policy speaks of it.
    #[must_use]
    pub const fn name(&self) -> &ServerName {
        &self.name
    }
}

/// What was seen of one server's tools.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolsReport {
    /// The server.
    pub server: ServerName,
    /// How often a definition was not what is expected.
    pub drifts: u64,
    /// Every definition that was seen lately.
    pub tools: Vec<ToolReport>,
}

/// What was seen of one tool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolReport {
    /// Its name, as the server has it.
    pub name: String,
    /// The definition.
    pub digest: ToolDigest,
    /// Whether it is what is expected, so that it is shown and can be called.
    pub holds: bool,
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
        let own: Arc<dyn Loopback> = Arc::new(OwnLoopback);
        Self::within(&own, servers)
    }

    /// The same, where those on loopback are on that of the agent.
    pub fn within(
        loopback: &Arc<dyn Loopback>,
        servers: impl IntoIterator<Item = ToolServer>,
    ) -> Self {
        let servers = servers.into_iter().map(|server| {
            let server = Server::new(server, loopback);
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

    /// How often a definition was not what is expected, by the names of servers.
    #[must_use]
    pub fn drifts(&self) -> Vec<(String, u64)> {
        let drifts = |server: &Arc<Server>| (server.name.to_string(), server.catalogue.drifts());
        self.servers.values().map(drifts).collect()
    }

    /// What was seen of each server's tools so far.
    #[must_use]
    pub fn reports(&self) -> Vec<ToolsReport> {
        self.servers.values().map(|server| server.report()).collect()
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
    catalogue: Catalogue,
    endpoint: Endpoint,
}

/// How a tool server is reached.
#[derive(Debug)]
pub(crate) enum Endpoint {
    /// By HTTP on loopback.
    Http(Box<AgentClient>, PathAndQuery),
    /// By a channel to this agent.
    Peer(AgentName, PathAndQuery),
    /// As a program under the runtime.
    Program(Bridge),
}

impl Server {
    fn new(server: ToolServer, loopback: &Arc<dyn Loopback>) -> Self {
        let ToolServer { name, place, path, exposed, pins } = server;
        let endpoint = match place {
            ToolPlace::Http { address, .. } => {
                Endpoint::Http(Box::new(AgentClient::new(address.into(), loopback)), path)
            }
            ToolPlace::Peer { agent, .. } => Endpoint::Peer(agent, path),
            ToolPlace::Program(launcher) => Endpoint::Program(Bridge::new(launcher)),
        };
        let room = match &endpoint {
            // Each of them takes a process.
            Endpoint::Program(_) => Room { of_all: PROCESSES_MAX, of_one: PROCESSES_OF_ONE_MAX },
            Endpoint::Http(..) | Endpoint::Peer(..) => Room::default(),
        };
        let (sessions, catalogue) = (Sessions::new(room), Catalogue::new(pins));
        Self { name, exposed, sessions, catalogue, endpoint }
    }

    pub(crate) fn name(&self) -> &str {
        self.name.as_str()
    }

    pub(crate) const fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Notes a session that the server began for `caller`; one that there is no room for ends.
    pub(crate) fn begin(&self, id: &str, caller: &str) -> Result<(), McpError> {
        let begun = self.sessions.begin(id, caller);
        if let (Err(_), Endpoint::Program(bridge)) = (&begun, &self.endpoint) {
            bridge.end(id);
        }
        begun
    }

    pub(crate) const fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Judges a definition that the server shows, and tells of it if it is not what is expected.
    pub(crate) fn judge(
        &self,
        revision: Revision,
        generation: u64,
        (name, definition): (&str, &Definition),
        recorder: &dyn Recorder,
    ) -> Option<Tool> {
        let tool = self.catalogue.judge(revision, generation, (name, definition))?;
        if let Some(drift) = &tool.drift
            && self.catalogue.is_news(drift)
        {
            drift.tell(&self.name, recorder);
        }
        Some(tool)
    }

    fn report(&self) -> ToolsReport {
        ToolsReport {
            server: self.name.clone(),
            drifts: self.catalogue.drifts(),
            tools: self.catalogue.digests(),
        }
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
            Endpoint::Program(bridge) => Ok(bridge.send(request).await?),
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
