//! What is not carried, and how that is said.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use bytes::Bytes;
use cloister_gateway::{empty, full};
use http::{Request, Response};
use http_body::Frame;
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::agent::Agent;
use crate::network::{EVERYTHING, Network, inbound, json_of, planner, whole};

fn get_task(id: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": "GetTask", "params": {"id": "t"}}).to_string()
}

/// The code that the local agent is told, of either binding.
async fn told(response: Response<Incoming>) -> String {
    let (_, body) = json_of(response).await;
    let error = &body["error"];
    let details = if error["data"].is_array() { &error["data"] } else { &error["details"] };
    details[0]["metadata"]["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn an_empty_bundle_at_the_called_end_refuses_and_says_little() {
    let network = Network::governed(Agent::echo().await, EVERYTHING, "").await;
    let (status, body) = json_of(
        network.send("GET", "/agents/translator/.well-known/agent-card.json", &[], empty()).await,
    )
    .await;
    assert_eq!(status, 403);
    assert_eq!(body["error"]["status"], "PERMISSION_DENIED");
    assert_eq!(body["error"]["message"], "Not permitted.");
    assert_eq!(body["error"]["details"][0]["metadata"], json!({}));
    assert!(network.agent.seen().is_empty());
    assert_eq!(network.inbound.counts().denied, 1);
}

#[tokio::test]
async fn an_empty_bundle_at_the_calling_end_lets_nothing_leave() {
    let network = Network::governed(Agent::echo().await, "", EVERYTHING).await;
    let path = "/agents/translator/.well-known/agent-card.json";
    let response = network.send("GET", path, &[], empty()).await;
    assert_eq!(response.status(), 403);
    assert_eq!(told(response).await, "gateway.policy.denied");
    assert_eq!(network.channel.crossed.load(Ordering::Relaxed), 0);
    assert_eq!(network.outbound.counts().denied, 1);
}

#[tokio::test]
async fn each_operation_needs_its_own_permission() {
    let policies = "permit(principal == Agent::\"planner\",
        action in [Action::\"card\", Action::\"get\"],
        resource == Agent::\"translator\");";
    let network = Network::governed(Agent::echo().await, EVERYTHING, policies).await;
    let (status, body) = json_of(
        network
            .rpc(r#"{"jsonrpc":"2.0","id":"x","method":"CancelTask","params":{"id":"t"}}"#)
            .await,
    )
    .await;
    assert_eq!(status, 200);
    assert_eq!((&body["id"], &body["error"]["code"]), (&json!("x"), &json!(-31403)));
    for (method, path) in [
        ("POST", "/tasks/t:cancel"),
        ("GET", "/tasks/t:subscribe"),
        ("POST", "/acme/tasks/t:subscribe"),
    ] {
        assert_eq!(network.rest(method, path, empty()).await.status(), 403, "{method} {path}");
    }
    assert!(network.agent.seen().is_empty());
    assert_eq!(whole(network.rest("GET", "/tasks/t", empty()).await).await.0, 202);
    assert_eq!(whole(network.rpc(get_task(&json!(1))).await).await.0, 202);
}

#[tokio::test]
async fn the_policy_sees_binding_streaming_and_size() {
    let policies = "permit(principal, action == Action::\"card\", resource);
        permit(principal, action in Action::\"a2a\", resource) when {
            context.binding == Binding::\"JSONRPC\" && !context.streaming
            && context has message_bytes && context.message_bytes <= 200
        };";
    let network = Network::governed(Agent::echo().await, EVERYTHING, policies).await;
    assert_eq!(network.rpc(get_task(&json!(1))).await.status(), 202);
    assert_eq!(network.rest("GET", "/tasks/t", empty()).await.status(), 403);
    let padded = format!("{}{}", get_task(&json!(1)), " ".repeat(200));
    let stream = r#"{"jsonrpc":"2.0","id":1,"method":"SubscribeToTask","params":{"id":"t"}}"#;
    for denied in [padded.as_str(), stream] {
        let (_, body) = json_of(network.rpc(denied.to_owned()).await).await;
        assert_eq!(body["error"]["code"], -31403, "{denied}");
    }
}

#[tokio::test]
async fn requests_with_two_readings_do_not_leave() {
    let network = Network::open(Agent::echo().await).await;
    for (body, code) in [
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"GetTask","method":"CancelTask","params":{"id":"t"}}"#,
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"GetTask","Method":"CancelTask","params":{"id":"t"}}"#,
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"GetTask","params":{"id":"a","i\u0064":"b"}}"#,
            -32600,
        ),
        (
            r#"{"jsonrpc":"2.0","id":7,"method":"SendMessage","params":{"message":{"taskId":"a","task_id":"b"}}}"#,
            -32600,
        ),
        (r#"[{"jsonrpc":"2.0","id":7,"method":"GetTask","params":{"id":"t"}}]"#, -32600),
        (r#"{"jsonrpc":"2.0","id":7,"params":{"id":"t"}}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":7,"method":"GetTask","params":["t"]}"#, -32602),
        (r#"{"jsonrpc":"2.0","id":7,"method":"GetTask","params":{"id":"t"}"#, -32700),
        (r#"{"jsonrpc":"2.0","id":7,"method":"Unheard/Of"}"#, -32601),
        // The header says 1.0.
        (r#"{"jsonrpc":"2.0","id":7,"method":"message/send","params":{"message":{}}}"#, -32009),
        (r#"{"jsonrpc":"2.0","id":7,"method":"tasks/resubscribe","params":{"id":"t"}}"#, -32009),
    ] {
        let (status, answer) = json_of(network.rpc(body).await).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(answer["error"]["code"], code, "{body}");
        // The id comes back wherever it can be told.
        assert!(answer["id"] == 7 || answer["id"].is_null(), "{body}");
    }
    assert!(network.agent.seen().is_empty());
    // Only the card was asked for.
    assert_eq!(network.channel.crossed.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn the_called_end_refuses_the_same_for_itself() {
    let agent = Agent::echo().await;
    let inbound = inbound(agent.address, EVERYTHING);
    let doubled = r#"{"jsonrpc":"2.0","id":7,"method":"GetTask","method":"CancelTask"}"#;
    for (method, uri, body) in [
        ("POST", "/a2a/jsonrpc", doubled),
        ("POST", "/a2a/jsonrpc", r#"{"jsonrpc":"2.0","id":7,"method":"message/send"}"#),
        ("POST", "/a2a/rest/message:send", r#"{"message":{"taskId":"a","task_id":"b"}}"#),
        ("POST", "/a2a/rest/tasks/t:cancel", r#"{"id":"other"}"#),
        ("GET", "/a2a/rest/tasks/t?id=other", ""),
        ("POST", "/a2a/jsonrpc/", "{}"),
        ("POST", "/a2a", "{}"),
        ("POST", "/", "{}"),
        ("GET", "/a2a/jsonrpc", ""),
        ("GET", "/a2a/rest/..%2fadmin", ""),
        ("GET", "/a2a/rest/../admin", ""),
        ("GET", "/a2a/rest//tasks", ""),
        ("GET", "/a2a/rest/tasks/a%2fb", ""),
        ("GET", "/a2a/rest/%74asks", ""),
        ("GET", "/admin", ""),
        ("POST", "/.well-known/agent-card.json", "{}"),
        ("POST", "/.well-known/agent.json", "{}"),
        ("GET", "/.well-known/agent.json/", ""),
        ("DELETE", "/a2a/rest/tasks/t", ""),
        ("OPTIONS", "/a2a/rest/message:send", ""),
    ] {
        let request =
            Request::builder().method(method).uri(uri).header("content-type", "application/json");
        let response = inbound.call(Arc::new(planner()), request.body(full(body)).unwrap()).await;
        let (_, answer) = json_of(response).await;
        assert!(answer["error"].is_object(), "{method} {uri}: {answer}");
    }
    assert!(agent.seen().is_empty());
    assert_eq!(inbound.counts().carried, 0);
}

#[tokio::test]
async fn an_unknown_path_is_refused_in_the_binding_of_the_request() {
    let network = Network::open(Agent::echo().await).await;
    let headers = [("content-type", "application/json")];
    let rpc = network
        .send("POST", "/agents/translator/elsewhere", &headers, full(get_task(&json!("i"))))
        .await;
    let (status, body) = json_of(rpc).await;
    assert_eq!(
        (status.as_u16(), &body["id"], &body["error"]["code"]),
        (200, &json!("i"), &json!(-32601))
    );
    let rest = network
        .send("POST", "/agents/translator/elsewhere", &headers, full(r#"{"message":{}}"#))
        .await;
    let (status, body) = json_of(rest).await;
    assert_eq!((status.as_u16(), &body["error"]["status"]), (404, &json!("NOT_FOUND")));
}

#[tokio::test]
async fn another_version_than_the_requests_form_has_is_refused() {
    let network = Network::open(Agent::echo().await).await;
    for version in ["0.3", "99.0", "1.1", "one", "1.0, 0.3"] {
        let headers = [("content-type", "application/json"), ("a2a-version", version)];
        let response = network
            .send("POST", "/agents/translator/a2a/jsonrpc", &headers, full(get_task(&json!(1))))
            .await;
        let (_, body) = json_of(response).await;
        assert_eq!(body["error"]["code"], -32009, "{version}");
        assert_eq!(body["error"]["data"][0]["reason"], "VERSION_NOT_SUPPORTED");
        assert_eq!(body["error"]["data"][0]["domain"], "a2a-protocol.org");
        let response =
            network.send("GET", "/agents/translator/a2a/rest/tasks/t", &headers, empty()).await;
        assert_eq!(response.status(), 400, "{version}");
    }
    for (versions, query) in [
        (vec![], "?A2A-Version=0.3"),
        (vec!["1.0"], "?a2a-version=0.3"),
        (vec!["1.0", "0.3"], ""),
        (vec![], "?A2A-Version=1.0&A2A%2DVersion=0.3"),
    ] {
        let path = format!("/agents/translator/a2a/rest/tasks/t{query}");
        let headers = versions.iter().map(|version| ("a2a-version", *version)).collect::<Vec<_>>();
        let response = network.send("GET", &path, &headers, empty()).await;
        assert_eq!(response.status(), 400, "{versions:?} {query}");
    }
    assert!(network.agent.seen().is_empty());
    for version in ["1.0", "1.0.1", ""] {
        let response = network
            .send(
                "GET",
                "/agents/translator/a2a/rest/tasks/t",
                &[("a2a-version", version)],
                empty(),
            )
            .await;
        assert_eq!(response.status(), 202, "{version}");
    }
}

#[tokio::test]
async fn json_rpc_that_is_not_declared_as_plain_json_is_refused() {
    let network = Network::open(Agent::echo().await).await;
    for headers in [
        vec![],
        vec![("content-type", "text/plain")],
        vec![("content-type", "application/json; charset=utf-16")],
        vec![("content-type", "application/json"), ("content-encoding", "gzip")],
        vec![("content-type", "application/json"), ("content-type", "application/xml")],
    ] {
        let response = network
            .send("POST", "/agents/translator/a2a/jsonrpc", &headers, full(get_task(&json!(1))))
            .await;
        let (_, body) = json_of(response).await;
        assert_eq!(body["error"]["code"], -32005, "{headers:?}");
    }
    assert!(network.agent.seen().is_empty());
}

#[tokio::test]
async fn json_rpc_is_read_up_to_a_limit_and_the_refusal_says_what_to_do() {
    let network = Network::open(Agent::echo().await).await;
    let with_padding = |len: usize| {
        let request = get_task(&json!(1));
        format!("{request}{}", " ".repeat(len - request.len()))
    };
    let limit = 1024 * 1024;
    assert_eq!(whole(network.rpc(with_padding(limit)).await).await.1.len(), limit);
    let (_, body) = json_of(network.rpc(with_padding(limit + 1)).await).await;
    assert_eq!(body["error"]["code"], -32600);
    assert!(body["error"]["message"].as_str().unwrap().contains("HTTP+JSON"), "{body}");
    assert_eq!(network.agent.seen().len(), 1);
}

/// A body that does not declare its length.
struct Pieces(VecDeque<Bytes>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}

#[tokio::test]
async fn the_limit_holds_for_bodies_that_do_not_declare_their_length() {
    let agent = Agent::echo().await;
    let inbound = inbound(agent.address, EVERYTHING);
    let request = Bytes::from(get_task(&json!(1)));
    for (padding, status) in [(0, 202), (1, 200)] {
        let spaces = Bytes::from(vec![b' '; 1024 * 1024 + padding - request.len()]);
        let pieces = Pieces([request.clone(), spaces].into());
        let post = Request::post("/a2a/jsonrpc").header("content-type", "application/json");
        let response = inbound.call(Arc::new(planner()), post.body(pieces).unwrap()).await;
        assert_eq!(response.status(), status);
    }
    assert_eq!(agent.seen().len(), 1);
}

#[tokio::test]
async fn an_agent_that_does_not_listen_is_unavailable_and_worth_another_try() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let inbound = inbound(address, EVERYTHING);
    let post = Request::post("/a2a/jsonrpc").header("content-type", "application/json");
    let response =
        inbound.call(Arc::new(planner()), post.body(full(get_task(&json!(5)))).unwrap()).await;
    assert_eq!(response.headers()["retry-after"], "1");
    let (status, body) = json_of(response).await;
    assert_eq!(
        (status.as_u16(), &body["id"], &body["error"]["code"]),
        (200, &json!(5), &json!(-32603))
    );
    assert!(!body.to_string().contains(&address.to_string()), "{body}");
    let get = Request::get("/a2a/rest/tasks/t").body(empty()).unwrap();
    let (status, body) = json_of(inbound.call(Arc::new(planner()), get).await).await;
    assert_eq!((status.as_u16(), &body["error"]["status"]), (503, &json!("UNAVAILABLE")));
    assert_eq!(inbound.counts().failed, 2);
}

#[tokio::test]
async fn a_peer_that_cannot_be_dialled_is_explained_to_the_local_agent() {
    let network = Network::open(Agent::echo().await).await;
    for (agent, status, code) in [
        ("nobody", 404, -31404),
        ("refusing", 403, -31403),
        ("crowded", 429, -32603),
        ("asleep", 503, -32603),
    ] {
        let path = format!("/agents/{agent}/.well-known/agent-card.json");
        let response = network.send("GET", &path, &[], empty()).await;
        assert_eq!(response.status(), status, "{agent}");
        // The code and the remedy of whatever stood in the way.
        assert_eq!(told(response).await, "policy.bundle.not_text", "{agent}");
        let path = format!("/agents/{agent}/rpc");
        let headers = [("content-type", "application/json")];
        let response = network.send("POST", &path, &headers, full(get_task(&json!(9)))).await;
        let (_, body) = json_of(response).await;
        assert_eq!((&body["id"], &body["error"]["code"]), (&json!(9), &json!(code)), "{agent}");
    }
}

#[tokio::test]
async fn what_runtimes_say_to_each_other_is_carried_for_no_agent() {
    let network = Network::open(Agent::echo().await).await;
    for path in ["/cloister/channel/1", "/cloister/channel", "/cloister/channel/1/tasks"] {
        let path = format!("/agents/translator{path}");
        let response = network.send("POST", &path, &[], empty()).await;
        assert_eq!(response.status(), 404, "{path}");
    }
    // Not even the agent's card was asked for.
    assert_eq!(network.channel.crossed.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn web_pages_and_other_hosts_are_not_served() {
    let network = Network::open(Agent::echo().await).await;
    let path = "/agents/translator/a2a/rest/tasks/t";
    for headers in
        [[("host", "evil.example")], [("origin", "https://evil.example")], [("origin", "null")]]
    {
        let response = network.send("GET", path, &headers, empty()).await;
        assert_eq!(response.status(), 403, "{headers:?}");
    }
    assert_eq!(network.channel.crossed.load(Ordering::Relaxed), 0);
    assert_eq!(network.send("GET", path, &[("host", "localhost:1")], empty()).await.status(), 202);
}

/// Bytes that no HTTP library would send.
async fn raw(network: &Network, request: &str) -> String {
    let mut socket = TcpStream::connect(network.surface).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn traversal_is_refused_as_it_comes_from_the_socket() {
    let network = Network::open(Agent::echo().await).await;
    for path in [
        "/agents/translator/a2a/rest/../../admin",
        "/agents/translator/a2a/rest/%2e%2e/admin",
        "/agents/translator/a2a/rest/..%5cadmin",
        "/agents/translator/a2a/rest/..;/admin",
        "/agents/translator//a2a/rest/tasks",
        "/agents/nobody/../translator/a2a/rest/tasks",
        "//agents/translator/a2a/rest/tasks",
        "/agents/translator/a2a/rest/tasks/a%252fb",
    ] {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
        let answer = raw(&network, &request).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{path}: {answer}");
    }
    assert!(network.agent.seen().is_empty());
}

/// SPEC: RFC 9112 section 6.3: of both, the length does not count, and must not travel on.
#[tokio::test]
async fn a_length_beside_chunks_does_not_reach_the_agent() {
    let network = Network::open(Agent::echo().await).await;
    let send = async |heads: [&str; 2]| {
        let heads = heads.join("\r\n");
        let request = format!(
            "POST /agents/translator/a2a/rest/message:send HTTP/1.1\r\nhost: 127.0.0.1\r\n\
             content-type: application/json\r\nconnection: close\r\n{heads}\r\n\r\n\
             e\r\n{{\"message\":{{}}}}\r\n0\r\n\r\nPOST /agents/translator/a2a/jsonrpc HTTP/1.1\r\n\r\n"
        );
        raw(&network, &request).await
    };
    let (length, chunked) = ("content-length: 3", "transfer-encoding: chunked");
    for heads in [[length, chunked], [chunked, length]] {
        let answer = send(heads).await;
        assert!(answer.starts_with("HTTP/1.1 202"), "{heads:?}: {answer}");
        let seen = network.agent.seen().pop().unwrap();
        assert_eq!(
            (&seen.body[..], &seen.headers["content-length"]),
            (&br#"{"message":{}}"#[..], &"14".parse().unwrap())
        );
        assert!(!seen.headers.contains_key("transfer-encoding"));
    }
    for heads in [[length, "content-length: 4"], [chunked, "transfer-encoding: identity"]] {
        let answer = send(heads).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{heads:?}: {answer}");
    }
    assert_eq!(network.agent.seen().len(), 2);
}

#[tokio::test]
async fn http_json_that_is_not_declared_as_plain_json_is_refused() {
    let network = Network::open(Agent::echo().await).await;
    for headers in [
        vec![],
        vec![("content-type", "text/plain")],
        vec![("content-type", "application/json; charset=utf-16")],
        vec![("content-type", "application/json"), ("content-encoding", "gzip")],
        vec![("content-type", "application/json"), ("content-type", "application/xml")],
        vec![("content-type", "application/x-www-form-urlencoded")],
        vec![("content-type", "application/x-protobuf")],
    ] {
        let path = "/agents/translator/a2a/rest/message:send";
        let body = full(r#"{"message":{}}"#);
        let response = network.send("POST", path, &headers, body).await;
        let (status, body) = json_of(response).await;
        assert_eq!(status, 400, "{headers:?}");
        assert_eq!(body["error"]["details"][0]["reason"], "CONTENT_TYPE_NOT_SUPPORTED");
    }
    assert!(network.agent.seen().is_empty());
}

#[tokio::test]
async fn http_json_bodies_with_two_readings_do_not_leave() {
    let network = Network::open(Agent::echo().await).await;
    let utf_16 = r#"{"message":{}}"#.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let bodies: [&[u8]; 9] = [
        b"",
        b"\xef\xbb\xbf{\"message\":{}}",
        &utf_16,
        br#"{"message":{}} {"message":{}}"#,
        br#"{"message":{}} // x"#,
        br#"{"message":{"taskId":"a","task_id":"b"}}"#,
        br#"{"message":{"taskId":"a","t\u0061skId":"b"}}"#,
        br#"{"message":{},"Message":{"taskId":"a"}}"#,
        br#"{"configuration":{}}"#,
    ];
    for body in bodies {
        let sent = network.rest("POST", "/message:send", full(body.to_vec())).await;
        assert_eq!(sent.status(), 400, "{body:?}");
    }
    assert!(network.agent.seen().is_empty());
}
