//! gRPC through two gateways: raw frames, trailers, and nothing that has two readings.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cloister_gateway::{Body, BodyError, boxed, full};
use http::{HeaderMap, Request, Response, Version};
use http_body::Frame;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::agent::{Agent, Handler, card};
use crate::limits::within;
use crate::network::{EVERYTHING, Network, inbound, json_of, planner};
use crate::streams::Fallible;

/// Long enough that only a hang reaches it.
const HANG: Duration = Duration::from_secs(30);

const SEND: &str = "/lf.a2a.v1.A2AService/SendMessage";
const STREAM: &str = "/lf.a2a.v1.A2AService/SendStreamingMessage";
const GET: &str = "/lf.a2a.v1.A2AService/GetTask";

const RESOURCE_EXHAUSTED: u32 = 8;

/// A card with a gRPC interface of each version beside the others.
fn grpc_card(address: SocketAddr) -> Value {
    let mut card = card(address);
    for version in ["1.0", "0.3"] {
        card["supportedInterfaces"].as_array_mut().unwrap().push(json!({
            "url": address.to_string(), "protocolBinding": "GRPC", "protocolVersion": version,
        }));
    }
    card["supportedInterfaces"].as_array_mut().unwrap().push(json!({
        "url": format!("http://{address}/earlier"),
        "protocolBinding": "HTTP+JSON",
        "protocolVersion": "0.3",
    }));
    card
}

fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    Bytes::from([&[0], &length[..], message].concat())
}

/// `GetTaskRequest` of a task.
fn get(task: &str) -> Bytes {
    framed(&[&[0x12, u8::try_from(task.len()).unwrap()], task.as_bytes()].concat())
}

/// `SendMessageRequest` of a message with nothing in it.
fn send() -> Bytes {
    framed(&[0x12, 0])
}

/// One call of a gRPC client, by HTTP/2 with prior knowledge.
async fn call(
    network: &Network,
    path: &str,
    headers: &[(&str, &str)],
    body: Body,
) -> Response<Incoming> {
    let io = TokioIo::new(TcpStream::connect(network.door).await.unwrap());
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let mut request =
        Request::post(format!("http://{}{path}", network.door)).header("te", "trailers");
    if !headers.iter().any(|(name, _)| *name == "content-type") {
        request = request.header("content-type", "application/grpc");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    client.send_request(request.body(body).unwrap()).await.unwrap()
}

/// The data and the trailers of an answer.
async fn read(response: Response<Incoming>) -> (Bytes, HeaderMap) {
    let collected = response.into_body().collect().await.unwrap();
    let trailers = collected.trailers().cloned().unwrap_or_default();
    (collected.to_bytes(), trailers)
}

/// The status of an answer that has nothing else.
fn refused(response: &Response<Incoming>) -> u32 {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    assert!(response.headers().contains_key("grpc-message"));
    response.headers()["grpc-status"].to_str().unwrap().parse().unwrap()
}

fn body_of(frames: Vec<Frame<Bytes>>) -> Body {
    let (sender, receiver) = mpsc::channel(frames.len().max(1));
    frames.into_iter().for_each(|frame| sender.try_send(Ok(frame)).unwrap());
    boxed(Fallible(receiver))
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    pairs.collect()
}

/// What an agent saw of a call.
type Seen = Arc<Mutex<Vec<(String, Version, HeaderMap, Bytes)>>>;

/// Answers every call with two pieces of its own body and with trailers.
fn echoing() -> (Handler, Seen) {
    let seen = Seen::default();
    let memory = Arc::clone(&seen);
    let handler: Handler = Arc::new(move |request| {
        let memory = Arc::clone(&memory);
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let path = head.uri.path().to_owned();
            memory.lock().unwrap().push((path, head.version, head.headers, body.clone()));
            let trailers = headers(&[
                ("grpc-status", "0"),
                ("x-answer-bin", "AAEC/w"),
                ("cloister-peer-agent", "forged"),
            ]);
            let (first, second) = (body.slice(..3), body.slice(3..));
            let frames = vec![Frame::data(first), Frame::data(second), Frame::trailers(trailers)];
            let mut response = Response::new(body_of(frames));
            response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
            response
        })
    });
    (handler, seen)
}

async fn network() -> (Network, Seen) {
    let (handler, seen) = echoing();
    (Network::open(Agent::serving(grpc_card, handler).await).await, seen)
}

#[tokio::test]
async fn a_unary_call_crosses_with_its_metadata_and_trailers() {
    let (network, seen) = network().await;
    let sent = [
        ("a2a-version", "1.0"),
        ("a2a-extensions", "urn:x"),
        ("grpc-timeout", "5S"),
        ("grpc-accept-encoding", "identity, gzip"),
        ("x-request-bin", "AAEC/w"),
        ("cloister-peer-agent", "admin"),
    ];
    let response = call(&network, GET, &sent, full(get("t"))).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    let (body, trailers) = read(response).await;
    assert_eq!(body, get("t"));
    assert_eq!(trailers, headers(&[("grpc-status", "0"), ("x-answer-bin", "AAEC/w")]));
    let (path, version, arrived, body) = seen.lock().unwrap().pop().unwrap();
    assert_eq!((path.as_str(), version, body), (GET, Version::HTTP_2, get("t")));
    for (name, value) in &sent[..5] {
        assert_eq!(arrived[*name], *value, "{name}");
    }
    assert_eq!(arrived["te"], "trailers");
    assert_eq!(arrived["cloister-peer-agent"], "planner");
}

#[tokio::test]
async fn what_is_over_a_limit_is_an_exhausted_resource() {
    for (limit, first, second) in [
        ("@rate(\"1/h\")", get("t"), get("t")),
        ("@message_bytes(\"100\")", get("t"), get(&"t".repeat(100))),
    ] {
        let (handler, seen) = echoing();
        let agent = Agent::serving(grpc_card, handler).await;
        let network = Network::governed(agent, EVERYTHING, &within(limit)).await;
        let (answer, _) = read(call(&network, GET, &[], full(first.clone())).await).await;
        assert_eq!(answer, first);
        let over = call(&network, GET, &[], full(second)).await;
        assert_eq!(refused(&over), RESOURCE_EXHAUSTED, "{limit}");
        assert_eq!(over.headers().contains_key("retry-after"), limit.starts_with("@rate"));
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn both_services_and_the_longer_content_type_are_carried() {
    let (network, seen) = network().await;
    let named = framed(b"\x0a\x07tasks/t");
    for (path, body) in [(GET, get("t")), ("/a2a.v1.A2AService/GetTask", named)] {
        let headers = [("content-type", "application/grpc+proto")];
        let (answer, _) = read(call(&network, path, &headers, full(body.clone())).await).await;
        assert_eq!(answer, body);
        assert_eq!(seen.lock().unwrap().pop().unwrap().0, path);
    }
}

#[tokio::test]
async fn an_error_that_is_trailers_only_stays_so() {
    let handler: Handler = Arc::new(|_| {
        Box::pin(async {
            let mut response = Response::new(full(""));
            *response.headers_mut() = headers(&[
                ("content-type", "application/grpc"),
                ("grpc-status", "5"),
                ("grpc-message", "no%20task"),
                ("grpc-status-details-bin", "CAU"),
            ]);
            response
        })
    });
    let network = Network::open(Agent::serving(grpc_card, handler).await).await;
    let response = call(&network, GET, &[], full(get("t"))).await;
    assert_eq!(refused(&response), 5);
    assert_eq!(response.headers()["grpc-message"], "no%20task");
    assert_eq!(response.headers()["grpc-status-details-bin"], "CAU");
}

/// An agent that answers the first call with what is put into a queue.
async fn streaming() -> (Network, mpsc::Sender<Result<Frame<Bytes>, BodyError>>) {
    let (sender, receiver) = mpsc::channel(1);
    let receiver = Mutex::new(Some(receiver));
    let handler: Handler = Arc::new(move |request: Request<Incoming>| {
        let receiver = receiver.lock().unwrap().take().unwrap();
        Box::pin(async move {
            request.into_body().collect().await.unwrap();
            let mut response = Response::new(boxed(Fallible(receiver)));
            response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
            response
        })
    });
    (Network::open(Agent::serving(grpc_card, handler).await).await, sender)
}

#[tokio::test]
async fn each_message_of_a_stream_arrives_before_the_next_is_sent() {
    let (network, messages) = streaming().await;
    let mut response = timeout(HANG, call(&network, STREAM, &[], full(send()))).await.unwrap();
    for message in [b"one".as_slice(), b"two"] {
        messages.send(Ok(Frame::data(framed(message)))).await.unwrap();
        let frame = timeout(HANG, response.frame()).await.unwrap().unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), framed(message));
    }
    let last = headers(&[("grpc-status", "0")]);
    messages.send(Ok(Frame::trailers(last.clone()))).await.unwrap();
    let frame = timeout(HANG, response.frame()).await.unwrap().unwrap().unwrap();
    assert_eq!(frame.into_trailers().unwrap(), last);
}

#[tokio::test]
async fn a_caller_that_resets_a_quiet_stream_resets_it_at_the_agent() {
    let (network, messages) = streaming().await;
    let mut response = call(&network, STREAM, &[], full(send())).await;
    messages.send(Ok(Frame::data(framed(b"one")))).await.unwrap();
    timeout(HANG, response.frame()).await.unwrap().unwrap().unwrap();
    drop(response);
    // The agent's body is dropped although nothing follows.
    timeout(HANG, messages.closed()).await.unwrap();
}

#[tokio::test]
async fn a_stream_that_the_agent_resets_is_reset_at_the_caller() {
    let (network, messages) = streaming().await;
    let mut response = call(&network, STREAM, &[], full(send())).await;
    messages.send(Ok(Frame::data(framed(b"one")))).await.unwrap();
    timeout(HANG, response.frame()).await.unwrap().unwrap().unwrap();
    messages.send(Err("broken".into())).await.unwrap();
    assert!(timeout(HANG, response.frame()).await.unwrap().unwrap().is_err());
}

#[tokio::test]
async fn what_is_no_readable_call_is_refused_as_grpc_refuses() {
    let (network, seen) = network().await;
    let call = |path: &'static str, headers: Vec<(&'static str, &'static str)>, body: Vec<u8>| {
        let network = &network;
        async move { refused(&call(network, path, &headers, full(body)).await) }
    };
    let (body, kind) = (get("t").to_vec(), "content-type");
    let twice = framed(&[&b"\x12\x01a"[..], b"\x12\x01b"].concat()).to_vec();
    let two = [body.clone(), body.clone()].concat();
    let compressed = [&[1], &body[1..]].concat();
    for (path, headers, body, status) in [
        ("/lf.a2a.v1.A2AService/Other", vec![], body.clone(), 12),
        ("/lf.a2a.v1.Other/GetTask", vec![], body.clone(), 12),
        ("/a2a/jsonrpc", vec![], body.clone(), 12),
        ("/a2a/rest/tasks/t", vec![], body.clone(), 12),
        ("/.well-known/agent-card.json", vec![], body.clone(), 12),
        (GET, vec![(kind, "application/grpc+json")], body.clone(), 3),
        (GET, vec![(kind, "application/grpc-web")], body.clone(), 3),
        (GET, vec![(kind, "application/grpc+proto; charset=utf-8")], body.clone(), 3),
        (GET, vec![(kind, "application/grpc"), (kind, "application/json")], body.clone(), 3),
        (GET, vec![("content-encoding", "gzip")], body.clone(), 3),
        (GET, vec![("a2a-version", "0.3")], body.clone(), 9),
        (GET, vec![("a2a-version", "1.0"), ("a2a-version", "0.3")], body.clone(), 9),
        (GET, vec![("grpc-encoding", "gzip")], compressed, 12),
        (GET, vec![], twice, 3),
        (GET, vec![], two, 3),
        (GET, vec![], body[..7].to_vec(), 3),
        (GET, vec![], Vec::new(), 3),
        (SEND, vec![], framed(b"").to_vec(), 3),
    ] {
        let told = call(path, headers.clone(), body).await;
        assert_eq!(told, status, "{path} {headers:?}");
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn grpc_is_not_carried_over_http_1() {
    let (network, seen) = network().await;
    let headers = [("content-type", "application/grpc")];
    let path = format!("/agents/translator{GET}");
    let response = network.send("POST", &path, &headers, full(get("t"))).await;
    assert_eq!(refused(&response), 12);
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_agent_without_a_grpc_interface_is_not_called_by_it() {
    let network = Network::open(Agent::echo().await).await;
    assert_eq!(refused(&call(&network, GET, &[], full(get("t"))).await), 12);
    assert!(network.agent.seen().is_empty());
}

#[tokio::test]
async fn the_policy_decides_over_grpc_as_over_the_others() {
    let policies = "permit(principal, action in [Action::\"card\", Action::\"get\"], resource);";
    let (handler, _) = echoing();
    let agent = Agent::serving(grpc_card, handler).await;
    let network = Network::governed(agent, EVERYTHING, policies).await;
    let denied = call(&network, "/lf.a2a.v1.A2AService/CancelTask", &[], full(get("t"))).await;
    assert_eq!(refused(&denied), 7);
    assert_eq!(denied.headers()["grpc-message"], "Not permitted.");
    let (body, _) = read(call(&network, GET, &[], full(get("t"))).await).await;
    assert_eq!(body, get("t"));
}

#[tokio::test]
async fn the_card_offers_grpc_at_a_place_that_is_the_agents_alone() {
    let (network, _) = network().await;
    let path = "/agents/translator/.well-known/agent-card.json";
    let (_, card) = json_of(network.send("GET", path, &[], full("")).await).await;
    let interfaces = card["supportedInterfaces"].as_array().unwrap();
    let grpc = interfaces.iter().filter(|it| it["protocolBinding"] == "GRPC");
    let urls = grpc.map(|it| it["url"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(urls, [network.door.to_string(), network.door.to_string()]);
    // Everything of the agent is there, not only gRPC.
    let own = format!("http://{}/.well-known/agent-card.json", network.door);
    let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http();
    let request = Request::get(own).body(full("")).unwrap();
    let (status, card) = json_of(client.request(request).await.unwrap()).await;
    assert_eq!(status, 200, "{card}");
    let base = format!("http://{}/a2a/jsonrpc", network.door);
    assert_eq!(card["supportedInterfaces"][0]["url"], base);
}

#[tokio::test]
async fn a_large_message_streams_and_ids_behind_it_break_it_off() {
    let (handler, seen) = echoing();
    let network = Network::open(Agent::serving(grpc_card, handler).await).await;
    let part = vec![b'x'; 3 * 1024 * 1024];
    let varint = |value: usize| {
        let bits = |shift: usize| u8::try_from((value >> shift) & 0x7f).unwrap();
        [bits(0) | 0x80, bits(7) | 0x80, bits(14) | 0x80, bits(21)]
    };
    let message = |head: &[u8], tail: &[u8]| {
        let inner = [head, &[0x2a], &varint(part.len()), &part, tail].concat();
        framed(&[&[0x12][..], &varint(inner.len()), &inner].concat())
    };
    let sent = message(b"\x1a\x01t", b"");
    let (answer, _) = read(call(&network, SEND, &[], full(sent.clone())).await).await;
    assert!(answer == sent, "another message of {} bytes", answer.len());
    let before = seen.lock().unwrap().len();
    let late = message(b"", b"\x1a\x01t");
    assert_eq!(refused(&call(&network, SEND, &[], full(late)).await), 3);
    assert_eq!(seen.lock().unwrap().len(), before, "the agent got it whole");
}

#[tokio::test]
async fn nothing_cuts_a_quiet_call_of_an_hour_short() {
    let handler: Handler = Arc::new(|request| {
        Box::pin(async move {
            if request.headers().contains_key("x-quiet") {
                sleep(Duration::from_secs(3600)).await;
            }
            let frames = vec![
                Frame::data(framed(b"late")),
                Frame::trailers(headers(&[("grpc-status", "0")])),
            ];
            Response::new(body_of(frames))
        })
    });
    let agent = Agent::serving(grpc_card, handler).await;
    let inbound = inbound(agent.address, EVERYTHING);
    let ask = async |name: &str| {
        let request = Request::post(GET).version(Version::HTTP_2).header(name, "1");
        let request = request.header("content-type", "application/grpc");
        let response = inbound.call(Arc::new(planner()), request.body(full(get("t"))).unwrap());
        response.await.into_body().collect().await.unwrap()
    };
    // The card is known and a connection is open before time is made to jump.
    ask("x-quick").await;
    tokio::time::pause();
    let answer = ask("x-quiet").await;
    assert_eq!(answer.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(answer.to_bytes(), framed(b"late"));
}

/// The other bindings of version 0.3, whose bytes and answers are those of that version.
#[tokio::test]
async fn version_0_3_crosses_in_every_binding() {
    let (network, seen) = network().await;
    let json = [("content-type", "application/json"), ("a2a-version", "0.3")];
    let rpc = r#"{"jsonrpc":"2.0","id":7,"method":"tasks/get","params":{"id":"t"}}"#;
    for (path, body) in [
        ("/a2a/jsonrpc", rpc),
        ("/earlier/v1/message:send", r#"{"request":{"task_id":"t"}}"#),
        ("/earlier/v1/tasks/t:cancel", r#"{"name":"tasks/t"}"#),
        ("/earlier/v1/tasks/t:subscribe", "{ }"),
    ] {
        let response =
            network.send("POST", &format!("/agents/translator{path}"), &json, full(body)).await;
        assert_eq!(response.status(), 200, "{path}");
        let (arrived_at, _, _, arrived) = seen.lock().unwrap().pop().unwrap();
        assert_eq!((arrived_at.as_str(), &arrived[..]), (path, body.as_bytes()));
    }
    // No header says 0.3 as well, and 1.0 contradicts the form.
    let plain = [("content-type", "application/json")];
    let path = "/agents/translator/a2a/jsonrpc";
    assert_eq!(network.send("POST", path, &plain, full(rpc)).await.status(), 200);
    let other = [("content-type", "application/json"), ("a2a-version", "1.0")];
    let (_, told) = json_of(network.send("POST", path, &other, full(rpc)).await).await;
    assert_eq!((&told["id"], &told["error"]["code"]), (&json!(7), &json!(-32009)));
    // Details are one object in that version.
    assert_eq!(told["error"]["data"]["reason"], "VERSION_NOT_SUPPORTED");
    let path = "/agents/translator/earlier/v1/message:send";
    let (status, told) = json_of(network.send("POST", path, &plain, full("{}")).await).await;
    assert_eq!((status.as_u16(), &told["type"]), (400, &json!("InvalidParamsError")));
}

#[tokio::test]
async fn a_policy_over_media_types_decides_in_every_binding() {
    let policy = r#"
        permit(principal, action, resource);
        forbid(principal, action == Action::"send", resource)
        unless { context has media_types && !context.media_types.contains("image/png") };
    "#;
    let agent = Agent::with_card(grpc_card).await;
    let network = Network::governed(agent, EVERYTHING, policy).await;
    let delivered = async |media_type: &str| {
        let part =
            [&[0x3a, u8::try_from(media_type.len()).unwrap()], media_type.as_bytes()].concat();
        let wrapped =
            |tag: u8, inner: &[u8]| [&[tag, u8::try_from(inner.len()).unwrap()], inner].concat();
        let request = framed(&wrapped(0x12, &wrapped(0x2a, &part)));
        let message =
            json!({"messageId": "1", "parts": [{"raw": "AA==", "mediaType": media_type}]});
        let before = network.agent.seen().len();
        call(&network, SEND, &[], full(request)).await;
        let by_grpc = network.agent.seen().len() - before;
        network.rest("POST", "/message:send", full(json!({"message": message}).to_string())).await;
        let by_http = network.agent.seen().len() - before - by_grpc;
        let rpc = json!({"jsonrpc": "2.0", "id": 1, "method": "SendMessage",
            "params": {"message": message}});
        network.rpc(rpc.to_string()).await;
        [by_grpc, by_http, network.agent.seen().len() - before - by_grpc - by_http]
    };
    assert_eq!(delivered("text/plain").await, [1, 1, 1]);
    assert_eq!(delivered("image/png").await, [0, 0, 0]);
    assert_eq!(delivered("IMAGE/Png").await, [0, 0, 0], "types have no case");
}
