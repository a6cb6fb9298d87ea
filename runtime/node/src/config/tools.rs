//! `[tools.NAME]` of `agent.toml`: the tool servers of a runtime.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use cloister_channel::AgentName;
use cloister_gateway::{AgentAddress, ServerName, ToolPlace, ToolServer};
use http::Uri;
use serde::Deserialize;
use toml::Spanned;

use super::error::ConfigError;
use super::source::Source;
use crate::limits::TOOL_SERVERS_MAX;

/// One tool server as it is written. Exactly one of `url` and `agent` says where it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolSection {
    url: Option<String>,
    agent: Option<String>,
    server: Option<String>,
    #[serde(default)]
    exposed: bool,
}

/// The sections, by name.
pub(super) type ToolSections = BTreeMap<String, Spanned<ToolSection>>;

/// Checks every section.
pub(super) fn tools(
    source: &Source,
    sections: ToolSections,
) -> Result<Vec<ToolServer>, ConfigError> {
    if let Some(section) = sections.values().nth(TOOL_SERVERS_MAX) {
        let most = format_args!("there are more than {TOOL_SERVERS_MAX} tool servers");
        return Err(source.refuse(section, most));
    }
    let servers = sections.into_iter().map(|(name, section)| {
        tool(&name, section.get_ref()).map_err(|reason| source.refuse(&section, reason))
    });
    servers.collect()
}

fn tool(name: &str, section: &ToolSection) -> Result<ToolServer, String> {
    let name = ServerName::new(name).map_err(|error| error.to_string())?;
    let place = match (&section.url, &section.agent) {
        (Some(url), None) if section.server.is_none() => local(url)?,
        (None, Some(agent)) => behind(agent, section.server.as_deref(), &name)?,
        _ => return Err("give either url, or agent and, where it differs, server".to_owned()),
    };
    ToolServer::new(name, place, section.exposed).map_err(|error| error.to_string())
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
