//! What is carried, in both eras, and what is refused in MCP's own shape.

use http::StatusCode;
use serde_json::{Value, json};

use super::server::{
    ANSWER, FAR, LEGACY, MODERN, NEAR, answering, ask, governed, legacy, modern, open, post,
};
use crate::network::{EVERYTHING, Network, json_of, whole};

/// One request of each method of the modern era.
fn modern_requests() -> Vec<Value> {
    vec![
        modern("server/discover", json!({})),
        modern("resources/read", json!({"uri": "file:///a"})),
        modern("prompts/get", json!({"name": "greet"})),
        modern("completion/complete", json!({"ref": {"type": "ref/prompt", "name": "greet"}})),
        modern("tasks/get", json!({"taskId": "t"})),
    ]
}

#[tokio::test]
async fn bytes_cross_unchanged_to_the_endpoint_of_the_server() {
    let network = open(answering().await).await;
    for (path, crossings) in [(FAR, 1), (NEAR, 0)] {
        let before = network.channel.crossed.load(std::sync::atomic::Ordering::Relaxed);
        for body in modern_requests() {
            // Spaces, an escape and a number that a decoder would write otherwise.
            let body = body.to_string().replace("\"id\":1", "\"id\" :\t\"\\u00e9\" , \"x\":1.50e1");
            let asked: Value = serde_json::from_str(&body).unwrap();
            let method = asked["method"].as_str().unwrap();
            let name = ["name", "uri", "taskId"]
                .into_iter()
                .find_map(|name| asked["params"][name].as_str());
            let mut headers = vec![
                ("mcp-protocol-version", MODERN),
                ("mcp-method", method),
                ("mcp-param-region", "=?base64?SGVsbG8sIOS4lueVjA==?="),
                ("authorization", "Bearer of-the-client"),
                ("x-unknown", "kept"),
            ];
            headers.extend(name.map(|name| ("mcp-name", name)));
            let (status, answer) = whole(post(&network, path, &headers, body.clone()).await).await;
            assert_eq!((status, &answer[..]), (StatusCode::OK, ANSWER.as_bytes()), "{method}");
            let seen = network.agent.seen().pop().unwrap();
            assert_eq!((seen.uri.path(), &seen.body[..]), ("/mcp", body.as_bytes()));
            for (name, value) in headers {
                assert_eq!(seen.headers[name], value);
            }
        }
        let after = network.channel.crossed.load(std::sync::atomic::Ordering::Relaxed);
        assert_eq!(after - before, crossings * modern_requests().len(), "{path}");
    }
}

#[tokio::test]
async fn what_is_over_a_limit_is_refused_in_both_eras_with_the_id_that_came() {
    let rules = "@rate(\"1/h\") permit(principal, action, resource);";
    for (version, body) in
        [(MODERN, modern("server/discover", json!({}))), (LEGACY, legacy("ping", json!({})))]
    {
        let network = governed(answering().await, EVERYTHING, rules).await;
        let ask = async || {
            let mut headers = vec![("mcp-protocol-version", version)];
            if version == MODERN {
                headers.push(("mcp-method", "server/discover"));
            }
            post(&network, FAR, &headers, body.to_string()).await
        };
        assert_eq!(whole(ask().await).await.0, StatusCode::OK, "{version}");
        let refused = ask().await;
        assert_eq!(refused.headers()["retry-after"], "1");
        let (status, answer) = json_of(refused).await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-31429)));
        assert_eq!(answer["error"]["data"], Value::Null, "a peer learns no policy");
        assert_eq!(network.agent.seen().len(), 1, "{version}");
    }
}

#[tokio::test]
async fn the_server_sees_itself_on_loopback_and_who_calls() {
    let network = open(answering().await).await;
    for (path, caller) in [(FAR, "planner"), (NEAR, "planner")] {
        let body = modern("server/discover", json!({})).to_string();
        let origin = format!("http://{}", network.surface);
        let headers = [
            ("mcp-protocol-version", MODERN),
            ("mcp-method", "server/discover"),
            ("origin", origin.as_str()),
            ("cloister-peer-agent", "forged"),
            ("mcp-session-id", "of-another-era"),
            ("last-event-id", "7"),
        ];
        post(&network, path, &headers, body).await;
        let seen = network.agent.seen().pop().unwrap();
        assert_eq!(seen.headers["host"], network.agent.address.to_string());
        assert_eq!(seen.headers["cloister-peer-agent"], caller);
        for gone in ["origin", "mcp-session-id", "last-event-id"] {
            assert!(!seen.headers.contains_key(gone), "{gone}");
        }
    }
}

#[tokio::test]
async fn a_header_that_differs_from_the_body_is_refused_whatever_the_era() {
    let network = open(answering().await).await;
    let call = |name: &str| modern("prompts/get", json!({"name": name})).to_string();
    let version = ("mcp-protocol-version", MODERN);
    let method = ("mcp-method", "prompts/get");
    for (headers, body) in [
        (vec![version, method, ("mcp-name", "harmless")], call("harmful")),
        (vec![version, method, ("mcp-name", "=?base64?aGFybQ==?=")], call("harmful")),
        (vec![version, method, ("mcp-name", "=?base64?!?=")], call("=?base64?!?=")),
        (vec![version, method, ("mcp-name", "a"), ("mcp-name", "a")], call("a")),
        (vec![version, method], call("a")),
        (vec![version, ("mcp-name", "a")], call("a")),
        (vec![version, ("mcp-method", "tools/list"), ("mcp-name", "a")], call("a")),
        (vec![version, ("mcp-method", "Prompts/get"), ("mcp-name", "a")], call("a")),
        (vec![version, version, method, ("mcp-name", "a")], call("a")),
        (vec![("mcp-protocol-version", LEGACY), method, ("mcp-name", "a")], call("a")),
        (vec![method, ("mcp-name", "a")], call("a")),
        (
            vec![("mcp-protocol-version", LEGACY), ("mcp-method", "ping")],
            legacy("prompts/get", json!({"name": "a"})).to_string(),
        ),
        (
            vec![("mcp-protocol-version", LEGACY), ("mcp-name", "b")],
            legacy("prompts/get", json!({"name": "a"})).to_string(),
        ),
        (
            vec![version, ("mcp-method", "prompts/list"), ("mcp-name", "b")],
            modern("prompts/list", json!({})).to_string(),
        ),
        (vec![version, method, ("mcp-name", "a"), ("mcp-param-x", "=?base64?!?=")], call("a")),
    ] {
        let response = post(&network, FAR, &headers, body.clone()).await;
        let (status, answer) = json_of(response).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{headers:?} {body}");
        assert_eq!(answer["error"]["code"], -32020, "{headers:?} {body}");
        assert_eq!(answer["id"], 1);
    }
    assert!(network.agent.seen().is_empty());
}

#[tokio::test]
async fn unknown_revisions_are_refused_with_the_list_of_known_ones() {
    let network = open(answering().await).await;
    let mut body = modern("server/discover", json!({}));
    body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2027-01-01");
    let headers = [("mcp-protocol-version", "2027-01-01"), ("mcp-method", "server/discover")];
    let (status, answer) = json_of(post(&network, FAR, &headers, body.to_string()).await).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(answer["error"]["code"], -32022);
    let data = &answer["error"]["data"];
    assert_eq!(data["requested"], "2027-01-01");
    assert_eq!(data["supported"], json!([MODERN, LEGACY, "2025-06-18", "2025-03-26"]));
    let old = [("mcp-protocol-version", "2024-11-05")];
    let body = legacy("ping", json!({})).to_string();
    let (status, _) = json_of(post(&network, FAR, &old, body).await).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(network.agent.seen().is_empty());
}

#[tokio::test]
async fn requests_without_their_metadata_are_malformed() {
    let network = open(answering().await).await;
    for missing in ["protocolVersion", "clientCapabilities"] {
        let mut body = modern("server/discover", json!({}));
        let meta = body["params"]["_meta"].as_object_mut().unwrap();
        meta.remove(&format!("io.modelcontextprotocol/{missing}"));
        let (status, answer) = json_of(ask(&network, FAR, &body).await).await;
        assert_eq!((status, &answer["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(-32602)));
    }
    assert!(network.agent.seen().is_empty());
}

#[tokio::test]
async fn methods_that_are_not_known_go_nowhere() {
    let network = open(answering().await).await;
    for method in ["initialize", "ping", "tools/cаll", "Tools/call", "x/y", ""] {
        let body = modern(method, json!({"name": "a"})).to_string();
        let headers = [("mcp-protocol-version", MODERN)];
        let (status, answer) = json_of(post(&network, FAR, &headers, body).await).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method}");
        assert_eq!(answer["error"]["code"], -32601, "{method}");
    }
    // 404 would tell these clients that their session has ended.
    for method in ["server/discover", "subscriptions/listen", "x/y"] {
        let body = legacy(method, json!({})).to_string();
        let (status, answer) = json_of(post(&network, FAR, &[], body).await).await;
        assert_eq!((status, &answer["error"]["code"]), (StatusCode::OK, &json!(-32601)));
    }
    let told = json!({"jsonrpc": "2.0", "method": "notifications/x"}).to_string();
    let (status, answer) = json_of(post(&network, FAR, &[], told).await).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(answer.get("id").is_none());
    assert!(network.agent.seen().is_empty());
}

#[tokio::test]
async fn bodies_with_two_readings_go_nowhere() {
    let network = open(answering().await).await;
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let headers =
        [("mcp-protocol-version", MODERN), ("mcp-method", "prompts/get"), ("mcp-name", "a")];
    for body in [
        format!(
            r#"[{{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{{"name":"a",{meta}}}}}]"#
        ),
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{{"name":"a","name":"b",{meta}}}}}"#
        ),
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{{"name":"a","Name":"b",{meta}}}}}"#
        ),
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"prompts/get","method":"tools/call","params":{{"name":"a",{meta}}}}}"#
        ),
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"id":2,"method":"prompts/get","params":{{"name":"a",{meta}}}}}"#
        ),
        format!(
            r#"{{"jsonrpc":"2.0","id":null,"method":"prompts/get","params":{{"name":"a",{meta}}}}}"#
        ),
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{{"name":"a",{meta},{meta}}}}}"#
        ),
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"prompts/get","result":{{}},"params":{{"name":"a",{meta}}}}}"#
        ),
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{{"name":"a",{meta}}}}} {{}}"#
        ),
    ] {
        let (status, answer) = json_of(post(&network, FAR, &headers, body.clone()).await).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer["error"]["code"].as_i64().unwrap() <= -32600, "{body}");
    }
    assert!(network.agent.seen().is_empty());
}

#[tokio::test]
async fn sessions_streams_and_answers_belong_to_the_legacy_era() {
    let network = open(answering().await).await;
    let modern_head = [("mcp-protocol-version", MODERN)];
    for verb in ["GET", "DELETE"] {
        let response = network.send(verb, FAR, &modern_head, cloister_gateway::empty()).await;
        assert_eq!(response.headers()["allow"], "POST");
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{verb}");
    }
    let answer = json!({"jsonrpc": "2.0", "id": 7, "result": {"roots": []}}).to_string();
    let (status, refusal) = json_of(post(&network, FAR, &modern_head, answer).await).await;
    assert_eq!((status, &refusal["error"]["code"]), (StatusCode::BAD_REQUEST, &json!(-32600)));
    for verb in ["PUT", "PATCH", "OPTIONS"] {
        let response = network.send(verb, FAR, &[], cloister_gateway::empty()).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{verb}");
    }
    assert!(network.agent.seen().is_empty());
}

#[tokio::test]
async fn what_is_not_exposed_or_not_configured_is_not_there() {
    let network = open(answering().await).await;
    let body = modern("server/discover", json!({}));
    for path in ["/tools/unexposed/mcp", "/tools/other/mcp", "/tools/Far/mcp", "/tools/%66ar/mcp"] {
        let (status, answer) = json_of(ask(&network, path, &body).await).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer["error"]["code"], -31404, "{path}");
    }
    for path in
        ["/agents/translator/tools/calc/mcp", "/tools/far/mcp/", "/tools/far", "/tools/far/mcp?x=1"]
    {
        let (status, _) = whole(ask(&network, path, &body).await).await;
        assert!(!status.is_success() || status == StatusCode::OK, "{path}");
    }
    assert!(network.agent.seen().is_empty());
}

async fn refused_by(calling: &str, called: &str, body: &Value) -> (StatusCode, Value, Network) {
    let network = governed(answering().await, calling, called).await;
    let (status, answer) = json_of(ask(&network, FAR, body).await).await;
    assert!(network.agent.seen().is_empty());
    (status, answer, network)
}

#[tokio::test]
async fn either_end_decides_over_the_thing_that_the_body_names() {
    let only_greet = r#"
        permit(principal, action == Action::"prompts_get", resource)
        when { context has tool_name && context.tool_name == "greet" && context has server };
    "#;
    let greet = modern("prompts/get", json!({"name": "greet"}));
    for (calling, called) in [(only_greet, EVERYTHING), (EVERYTHING, only_greet)] {
        let network = governed(answering().await, calling, called).await;
        assert_eq!(ask(&network, FAR, &greet).await.status(), StatusCode::OK);
        for name in ["Greet", "greet ", "grеet", "gree\u{74}\u{301}"] {
            let body = modern("prompts/get", json!({ "name": name }));
            let encoded = format!("=?base64?{}?=", base64(name));
            let headers = [
                ("mcp-protocol-version", MODERN),
                ("mcp-method", "prompts/get"),
                ("mcp-name", encoded.as_str()),
            ];
            let (_, answer) = json_of(post(&network, FAR, &headers, body.to_string()).await).await;
            assert_eq!(answer["error"]["code"], -32602, "{name}");
        }
        assert_eq!(network.agent.seen().len(), 1);
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[tokio::test]
async fn a_refusal_looks_like_the_absence_of_the_thing() {
    let nothing = r#"forbid(principal, action, resource); permit(principal, action, resource);"#;
    let prompt = modern("prompts/get", json!({"name": "secret"}));
    let (status, answer, _) = refused_by(EVERYTHING, nothing, &prompt).await;
    let expected = json!({"jsonrpc": "2.0", "id": 1,
        "error": {"code": -32602, "message": "Unknown prompt: secret"}});
    assert_eq!((status, answer), (StatusCode::OK, expected));
    let read = modern("resources/read", json!({"uri": "file:///secret"}));
    let (status, answer, _) = refused_by(EVERYTHING, nothing, &read).await;
    let expected = json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602,
        "message": "Resource not found", "data": {"uri": "file:///secret"}}});
    assert_eq!((status, answer), (StatusCode::OK, expected));
    let discover = modern("server/discover", json!({}));
    let (status, answer, _) = refused_by(EVERYTHING, nothing, &discover).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::FORBIDDEN, &json!(-31403)));
    // The local agent is told why its own runtime refuses.
    let (_, answer, _) = refused_by(nothing, EVERYTHING, &prompt).await;
    assert_eq!(answer["error"]["data"]["code"], "gateway.policy.denied");
}

#[tokio::test]
async fn web_pages_of_other_origins_reach_no_tool_server() {
    let network = open(answering().await).await;
    let body = modern("server/discover", json!({})).to_string();
    for (name, value) in [("host", "evil.example"), ("origin", "http://evil.example")] {
        let headers =
            [("mcp-protocol-version", MODERN), ("mcp-method", "server/discover"), (name, value)];
        for path in [FAR, NEAR] {
            let response = post(&network, path, &headers, body.clone()).await;
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{name}");
        }
    }
    assert!(network.agent.seen().is_empty());
}
