//! Headers that mirror arguments say what the arguments say.

use http::StatusCode;
use serde_json::{Value, json};

use super::server::{FAR, MODERN, methodical, modern, open, post};
use crate::network::{Network, json_of};

async fn network() -> Network {
    let tool = json!({"name": "query", "inputSchema": {"type": "object", "properties": {
        "region": {"type": "string", "x-mcp-header": "Region"},
        "limit": {"type": "integer", "x-mcp-header": "Limit"},
    }}});
    let broken = json!({"name": "broken", "inputSchema": {"type": "object", "properties": {
        "a": {"type": "object", "x-mcp-header": "A"},
    }}});
    let server = methodical(move |method, _| match method {
        "tools/list" => Some(json!({"tools": [tool, broken]})),
        _ => Some(json!({"content": []})),
    });
    open(server.await).await
}

async fn call(network: &Network, tool: &str, headers: &[(&str, &str)]) -> (StatusCode, Value) {
    let call = modern(
        "tools/call",
        json!({"name": tool, "arguments": {"region": "us-west1", "limit": 42}}),
    );
    let mut all =
        vec![("mcp-protocol-version", MODERN), ("mcp-method", "tools/call"), ("mcp-name", tool)];
    all.extend_from_slice(headers);
    json_of(post(network, FAR, &all, call.to_string()).await).await
}

#[tokio::test]
async fn a_header_that_says_something_else_than_its_argument_stops_the_call() {
    let network = network().await;
    let (region, limit) = (("mcp-param-region", "us-west1"), ("mcp-param-limit", "42"));
    let (status, answer) = call(&network, "query", &[region, limit, ("mcp-param-x", "y")]).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let calls = |network: &Network| {
        let of_call = |body: &[u8]| String::from_utf8_lossy(body).contains("tools/call");
        network.agent.seen().iter().filter(|seen| of_call(&seen.body)).count()
    };
    assert_eq!(calls(&network), 1);
    for wrong in [
        vec![],
        vec![region],
        vec![limit],
        vec![("mcp-param-region", "eu"), limit],
        vec![("mcp-param-region", "=?base64?ZXU=?="), limit],
        vec![region, ("mcp-param-limit", "43")],
    ] {
        let (status, answer) = call(&network, "query", &wrong).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong:?}");
        assert_eq!(answer["error"]["code"], -32020, "{wrong:?}");
    }
    assert_eq!(calls(&network), 1);
    let seen = network.agent.seen().pop().unwrap();
    assert_eq!(
        (&seen.headers["mcp-param-region"], &seen.headers["mcp-param-x"]),
        (&"us-west1".parse().unwrap(), &"y".parse().unwrap())
    );
}

#[tokio::test]
async fn a_tool_whose_annotations_break_a_rule_is_not_there() {
    let network = network().await;
    let (_, answer) = call(&network, "broken", &[]).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
}
