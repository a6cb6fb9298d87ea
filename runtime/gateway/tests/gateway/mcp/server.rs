//! Two runtimes with tool servers: `far` is beside the translator, `near` beside the planner.

use std::sync::Arc;

use bytes::Bytes;
use cloister_gateway::{
    AgentAddress, AgentName, ServerName, ToolPlace, ToolServer, ToolServers, full,
};
use http::Response;
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::network::{EVERYTHING, Network, called};

/// The newest revision without sessions, and the newest with.
pub(crate) const MODERN: &str = "2026-07-28";
pub(crate) const LEGACY: &str = "2025-11-25";

/// Where the planner finds the translator's server.
pub(crate) const FAR: &str = "/tools/far/mcp";
/// Where it finds its own.
pub(crate) const NEAR: &str = "/tools/near/mcp";

fn name(name: &str) -> ServerName {
    ServerName::new(name).unwrap()
}

/// A server on loopback with its endpoint at `/mcp`.
pub(crate) fn on_loopback(named: &str, server: &Agent, exposed: bool) -> ToolServer {
    let address = AgentAddress::try_from(server.address).unwrap();
    let place = ToolPlace::Http { address, path: "/mcp".into() };
    ToolServer::new(name(named), place, exposed).unwrap()
}

/// A server of the translator's runtime.
pub(crate) fn behind(named: &str, server: &str) -> ToolServer {
    let agent = AgentName::new("translator").unwrap();
    ToolServer::new(name(named), ToolPlace::Peer { agent, server: name(server) }, false).unwrap()
}

/// Everything is permitted at both ends. The translator exposes `server` as `calc`, and has it as
/// `private` too; the planner knows both, and a server `near` of its own.
pub(crate) async fn open(server: Agent) -> Network {
    governed(server, EVERYTHING, EVERYTHING).await
}

/// The same under policies at the calling and at the called end.
pub(crate) async fn governed(server: Agent, calling: &str, called_policy: &str) -> Network {
    let there = [on_loopback("calc", &server, true), on_loopback("private", &server, false)];
    let here = [
        behind("far", "calc"),
        behind("unexposed", "private"),
        on_loopback("near", &server, false),
    ];
    let mut options = called(server.address, called_policy);
    options.servers = Arc::new(ToolServers::new(there));
    Network::with_servers(server, calling, options, ToolServers::new(here)).await
}

/// A request of the modern era.
pub(crate) fn modern(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

/// A request of the legacy era.
pub(crate) fn legacy(method: &str, params: impl Into<Value>) -> Value {
    let params: Value = params.into();
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
}

/// Sends a body with headers beside the ones that every client sends.
pub(crate) async fn post(
    network: &Network,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Response<Incoming> {
    let accept = ("accept", "application/json, text/event-stream");
    let mut all = vec![("content-type", "application/json"), accept];
    all.extend_from_slice(headers);
    network.send("POST", path, &all, full(body)).await
}

/// Sends a request of the modern era with the headers that mirror it.
pub(crate) async fn ask(network: &Network, path: &str, body: &Value) -> Response<Incoming> {
    let method = body["method"].as_str().unwrap();
    let params = &body["params"];
    let named = ["name", "uri", "taskId"].into_iter().find_map(|name| params[name].as_str());
    let mut headers = vec![("mcp-protocol-version", MODERN), ("mcp-method", method)];
    headers.extend(named.map(|name| ("mcp-name", name)));
    post(network, path, &headers, body.to_string()).await
}
