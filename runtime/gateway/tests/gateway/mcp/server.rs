//! Two runtimes with tool servers: `far` is beside the translator, `near` beside the planner.

use std::sync::Arc;

use bytes::Bytes;
use cloister_gateway::{
    AgentAddress, AgentName, Body, ServerName, ToolPins, ToolPlace, ToolServer, ToolServers, full,
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

/// What a server answers to everything: spaces and a number that a decoder would write otherwise.
pub(crate) const ANSWER: &str = r#"{ "jsonrpc":"2.0", "id":1,"result":{"x" : 1.50e1}}"#;

/// A server with that answer.
pub(crate) async fn answering() -> Agent {
    Agent::answering(|_| typed("application/json", ANSWER)).await
}

/// An answer of this media type.
pub(crate) fn typed(kind: &str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(full(body));
    response.headers_mut().insert("content-type", kind.parse().unwrap());
    response
}

/// A server that answers each method with what `result` says, under the id of the request; a method
/// without a result is not known to it.
pub(crate) async fn methodical(
    result: impl Fn(&str, &Value) -> Option<Value> + Send + Sync + 'static,
) -> Agent {
    Agent::answering(move |seen| {
        let Ok(asked) = serde_json::from_slice::<Value>(&seen.body) else {
            return Response::new(full(""));
        };
        let result = result(asked["method"].as_str().unwrap(), &asked["params"]);
        let unknown =
            json!({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "x"}});
        let answer = result.map(|it| json!({"jsonrpc": "2.0", "id": asked["id"], "result": it}));
        typed("application/json", answer.unwrap_or(unknown).to_string())
    })
    .await
}

/// A server on loopback with its endpoint at `/mcp`.
pub(crate) fn on_loopback(named: &str, server: &Agent, exposed: bool) -> ToolServer {
    on_loopback_pinned(named, server, exposed, ToolPins::first_seen())
}

/// The same with pins.
pub(crate) fn on_loopback_pinned(
    named: &str,
    server: &Agent,
    exposed: bool,
    pins: ToolPins,
) -> ToolServer {
    let address = AgentAddress::try_from(server.address).unwrap();
    let place = ToolPlace::Http { address, path: "/mcp".into() };
    ToolServer::new(name(named), place, exposed, pins).unwrap()
}

/// A server of the translator's runtime.
pub(crate) fn behind(named: &str, server: &str) -> ToolServer {
    behind_pinned(named, server, ToolPins::first_seen())
}

/// The same with pins.
pub(crate) fn behind_pinned(named: &str, server: &str, pins: ToolPins) -> ToolServer {
    let agent = AgentName::new("translator").unwrap();
    let place = ToolPlace::Peer { agent, server: name(server) };
    ToolServer::new(name(named), place, false, pins).unwrap()
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
