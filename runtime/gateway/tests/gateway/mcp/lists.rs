//! Lists hold what their caller may use, and sessions belong to who began them.

use std::sync::Arc;

use cloister_gateway::{Inbound, ToolServers, full};
use cloister_policy::Subject;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::server::{FAR, LEGACY, NEAR, ask, governed, legacy, modern, on_loopback, post, typed};
use crate::agent::Agent;
use crate::network::{EVERYTHING, called, json_of, planner, whole};

const NO_SECRET: &str = r#"
    permit(principal, action, resource);
    forbid(principal, action == Action::"tools_call", resource)
    when { context has tool_name && context.tool_name == "secret" };
"#;

/// A server with two tools, that begins session `s` for everybody.
async fn two_tools(kind: &'static str) -> Agent {
    Agent::answering(move |seen| {
        let asked: Value = serde_json::from_slice(&seen.body).unwrap();
        let list = json!({"jsonrpc": "2.0", "id": asked["id"], "result": {"resultType": "complete",
            "tools": [{"name": "open"}, {"name": "secret"}], "ttlMs": 86_400_000,
            "cacheScope": "public", "protocolVersion": LEGACY}});
        let body = if kind == "text/event-stream" {
            format!("id: 1\ndata: \n\nevent: message\ndata: {list}\n\n")
        } else {
            list.to_string()
        };
        let mut response = typed(kind, body);
        response.headers_mut().insert("mcp-session-id", "s".parse().unwrap());
        response
    })
    .await
}

#[tokio::test]
async fn a_list_holds_what_its_caller_may_call_whichever_end_forbids() {
    for kind in ["application/json", "text/event-stream"] {
        for (calling, called) in [(NO_SECRET, EVERYTHING), (EVERYTHING, NO_SECRET)] {
            let network = governed(two_tools(kind).await, calling, called).await;
            let list = modern("tools/list", json!({}));
            let (status, answer) = whole(ask(&network, FAR, &list).await).await;
            let answer = String::from_utf8(answer.to_vec()).unwrap();
            assert_eq!(status, StatusCode::OK);
            assert!(answer.contains("open") && !answer.contains("secret"), "{answer}");
            assert!(answer.contains(r#""cacheScope":"private""#), "{answer}");
            assert!(answer.contains(r#""ttlMs":30000"#), "{answer}");
            let call = modern("tools/call", json!({"name": "secret"}));
            let (_, refusal) = json_of(ask(&network, FAR, &call).await).await;
            assert_eq!(refusal["error"]["code"], -32602);
        }
    }
}

#[tokio::test]
async fn the_same_rule_holds_for_a_server_of_this_machine() {
    let network = governed(two_tools("application/json").await, NO_SECRET, EVERYTHING).await;
    let headers = [("mcp-protocol-version", LEGACY)];
    let list = legacy("tools/list", json!({})).to_string();
    let (_, answer) = json_of(post(&network, NEAR, &headers, list).await).await;
    assert_eq!(answer["result"]["tools"], json!([{"name": "open"}]));
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_not_passed_on() {
    for kind in ["text/plain", "application/octet-stream"] {
        let network = governed(two_tools(kind).await, EVERYTHING, NO_SECRET).await;
        let (status, answer) =
            whole(ask(&network, FAR, &modern("tools/list", json!({}))).await).await;
        assert_eq!(status, StatusCode::BAD_GATEWAY);
        assert!(!String::from_utf8_lossy(&answer).contains("secret"));
    }
}

/// What a peer is answered.
async fn by(
    inbound: &Inbound,
    peer: &Subject,
    method: &str,
    session: Option<&str>,
) -> (StatusCode, Value) {
    let mut request = Request::post("/tools/calc/mcp")
        .header("content-type", "application/json")
        .header("mcp-protocol-version", LEGACY);
    if let Some(session) = session {
        request = request.header("mcp-session-id", session);
    }
    let body = full(legacy(method, json!({})).to_string());
    json_of(inbound.call(Arc::new(peer.clone()), request.body(body).unwrap()).await).await
}

#[tokio::test]
async fn the_session_of_another_peer_is_as_unknown_as_one_that_never_was() {
    let server = two_tools("application/json").await;
    let mut options = called(server.address, EVERYTHING);
    options.servers = Arc::new(ToolServers::new([on_loopback("calc", &server, true)]));
    let inbound = Inbound::new(options);
    let (one, other) = (planner(), Subject { instance: "ab".repeat(16), ..planner() });
    assert_eq!(by(&inbound, &one, "initialize", None).await.0, StatusCode::OK);
    assert_eq!(by(&inbound, &one, "ping", Some("s")).await.0, StatusCode::OK);
    let foreign = by(&inbound, &other, "ping", Some("s")).await;
    assert_eq!(foreign.0, StatusCode::NOT_FOUND);
    assert_eq!(foreign, by(&inbound, &other, "ping", Some("never")).await);
    // A server that gives one id twice does not join two peers.
    assert_eq!(by(&inbound, &other, "initialize", None).await.0, StatusCode::NOT_FOUND);
}
