//! `[tools.NAME]` of `agent.toml`: the tool servers of a runtime.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use cloister_channel::AgentName;
use cloister_gateway::{
    AgentAddress, ServerName, ToolDigest, ToolPins, ToolPlace, ToolServer, Unpinned,
};
use http::Uri;
use serde::Deserialize;
use toml::Spanned;

use super::agent::check_environment;
use super::error::ConfigError;
use super::source::Source;
use crate::limits::TOOL_SERVERS_MAX;

/// One tool server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tool {
    /// The name under which it is called, and policy speaks of it.
    pub name: ServerName,
    /// Where it is.
    pub place: Place,
    /// Whether peers may ask for it.
    pub exposed: bool,
    /// Which tools it is expected to have.
    pub pins: ToolPins,
}

/// Where a tool server is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Place {
    /// On loopback, or behind a peer's runtime.
    Elsewhere(ToolPlace),
    /// Under this runtime.
    Program(ToolProgram),
}

/// A tool server that the runtime runs: it speaks on its standard input and output.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolProgram {
    /// Program and arguments; never empty. The program counts as a file of the workload.
    pub command: Vec<String>,
    /// The whole environment.
    pub environment: BTreeMap<String, String>,
}

/// One tool server as it is written. Exactly one of `url`, `agent` and `command` says where it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolSection {
    url: Option<String>,
    agent: Option<String>,
    server: Option<String>,
    command: Option<Vec<String>>,
    environment: Option<BTreeMap<String, String>>,
    #[serde(default)]
    exposed: bool,
    unpinned: Option<UnpinnedWord>,
    #[serde(default)]
    pins: BTreeMap<String, Pin>,
}

/// What becomes of a tool without a pin.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UnpinnedWord {
    Refuse,
    FirstSeen,
    Accept,
}

/// One digest, or several of which each is right.
#[derive(Deserialize)]
#[serde(untagged)]
enum Pin {
    One(String),
    AnyOf(Vec<String>),
}

/// The sections, by name.
pub(super) type ToolSections = BTreeMap<String, Spanned<ToolSection>>;

/// Checks every section.
pub(super) fn tools(source: &Source, sections: ToolSections) -> Result<Vec<Tool>, ConfigError> {
    if let Some(section) = sections.values().nth(TOOL_SERVERS_MAX) {
        let most = format_args!("there are more than {TOOL_SERVERS_MAX} tool servers");
        return Err(source.refuse(section, most));
    }
    let servers = sections.into_iter().map(|(name, section)| {
        tool(&name, section.get_ref()).map_err(|reason| source.refuse(&section, reason))
    });
    servers.collect()
}

fn tool(name: &str, section: &ToolSection) -> Result<Tool, String> {
    let name = ServerName::new(name).map_err(|error| error.to_string())?;
    let place = place(&name, section)?;
    let (exposed, pins) = (section.exposed, pins(section)?);
    if let Place::Elsewhere(place) = &place {
        ToolServer::new(name.clone(), place.clone(), exposed, pins.clone())
            .map_err(|error| error.to_string())?;
    }
    Ok(Tool { name, place, exposed, pins })
}

fn place(name: &ServerName, section: &ToolSection) -> Result<Place, String> {
    let ToolSection { url, agent, server, command, environment, .. } = section;
    let (server, environment) = (server.as_deref(), environment.as_ref());
    match (url, agent, command) {
        (Some(url), None, None) if server.is_none() && environment.is_none() => {
            local(url).map(Place::Elsewhere)
        }
        (None, Some(agent), None) if environment.is_none() => {
            behind(agent, server, name).map(Place::Elsewhere)
        }
        (None, None, Some(command)) if server.is_none() => program(command, environment),
        _ => Err("give either url, or agent and, where it differs, server, or command and, where \
                  it needs one, environment"
            .to_owned()),
    }
}

/// What is expected of the server's tools. Where nothing is said, what is seen first holds; where
/// something is pinned, nothing else is there.
fn pins(section: &ToolSection) -> Result<ToolPins, String> {
    let unpinned = match section.unpinned {
        Some(UnpinnedWord::Refuse) => Unpinned::Refuse,
        Some(UnpinnedWord::FirstSeen) => Unpinned::FirstSeen,
        Some(UnpinnedWord::Accept) => Unpinned::Accept,
        None if section.pins.is_empty() => Unpinned::FirstSeen,
        None => Unpinned::Refuse,
    };
    let pin = |(tool, pin): (&String, &Pin)| {
        let digests = match pin {
            Pin::One(digest) => core::slice::from_ref(digest),
            Pin::AnyOf(digests) => digests,
        };
        let digests = digests.iter().map(|digest| {
            digest.parse::<ToolDigest>().map_err(|error| format!("the pin of {tool:?}: {error}"))
        });
        Ok((tool.clone(), digests.collect::<Result<Vec<_>, String>>()?))
    };
    let pinned = section.pins.iter().map(pin).collect::<Result<_, String>>()?;
    ToolPins::new(pinned, unpinned).map_err(|error| error.to_string())
}

fn program(
    command: &[String],
    environment: Option<&BTreeMap<String, String>>,
) -> Result<Place, String> {
    if command.first().is_none_or(String::is_empty) {
        return Err("command has no program".to_owned());
    }
    let environment = environment.cloned().unwrap_or_default();
    check_environment(&environment)?;
    Ok(Place::Program(ToolProgram { command: command.to_vec(), environment }))
}

/// A server on loopback: `http://127.0.0.1:PORT/PATH`.
fn local(url: &str) -> Result<ToolPlace, String> {
    let wrong = || format!("{url:?} is not http://, a loopback address with its port, and a path");
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let authority = uri.authority().filter(|_| uri.scheme_str() == Some("http"));
    let address: SocketAddr =
        authority.and_then(|authority| authority.as_str().parse().ok()).ok_or_else(wrong)?;
    let address = AgentAddress::try_from(address).map_err(|_| wrong())?;
    if uri.query().is_some() {
        return Err(wrong());
    }
    Ok(ToolPlace::Http { address, path: uri.path().to_owned() })
}

/// A server that the runtime of a peer exposes.
fn behind(agent: &str, server: Option<&str>, name: &ServerName) -> Result<ToolPlace, String> {
    let agent = AgentName::new(agent).map_err(|error| error.to_string())?;
    let server = server.map_or_else(|| Ok(name.clone()), ServerName::new);
    Ok(ToolPlace::Peer { agent, server: server.map_err(|error| error.to_string())? })
}
