//! The card that a local agent is shown.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use a2a::{AgentCapabilities, AgentCard, AgentInterface};
use cloister_gateway::{Body, empty, full};
use http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::agent::{Agent, Handler, card};
use crate::network::{EVERYTHING, Network, inbound, json_of, planner, whole};

const CARD: &str = "/agents/translator/.well-known/agent-card.json";

async fn shown(network: &Network) -> Value {
    let (status, card) = json_of(network.send("GET", CARD, &[], empty()).await).await;
    assert_eq!(status, 200, "{card}");
    card
}

#[tokio::test]
async fn every_url_leads_through_the_gateway_by_the_name_it_was_called_by() {
    let network = Network::open(Agent::echo().await).await;
    let base = format!("http://{}/agents/translator", network.surface);
    let seen = shown(&network).await;
    assert_eq!(seen["supportedInterfaces"][0]["url"], format!("{base}/a2a/jsonrpc"));
    assert_eq!(seen["supportedInterfaces"][1]["url"], format!("{base}/a2a/rest"));
    let headers = [("host", "localhost:4711")];
    let (_, seen) = json_of(network.send("GET", CARD, &headers, empty()).await).await;
    assert_eq!(
        seen["supportedInterfaces"][1]["url"],
        "http://localhost:4711/agents/translator/a2a/rest"
    );
}

#[tokio::test]
async fn what_described_the_agents_bytes_is_replaced() {
    let network = Network::open(Agent::echo().await).await;
    let asked = [("if-none-match", "\"of-the-agent\""), ("accept-encoding", "gzip")];
    let response = network.send("GET", CARD, &asked, empty()).await;
    let headers = response.headers().clone();
    let (status, body) = whole(response).await;
    assert_eq!(status, 200);
    assert_eq!(headers["content-length"], body.len().to_string());
    assert_ne!(headers["etag"], "\"of-the-agent\"");
    assert_eq!(headers["cache-control"], "private, max-age=30");
    let again = network.send("GET", CARD, &[], empty()).await;
    assert_eq!(again.headers()["etag"], headers["etag"]);
    assert_ne!(whole(again).await.1, body, "signatures differ each time");
}

/// A card as the official Rust SDK writes it, with an interface of each kind.
fn sdk_card(address: SocketAddr) -> Value {
    let card = AgentCard {
        name: "Translator".into(),
        description: "Translates".into(),
        version: "1.0.0".into(),
        supported_interfaces: vec![
            AgentInterface::new(format!("http://{address}"), "JSONRPC"),
            AgentInterface::new(format!("http://{address}"), "GRPC"),
            AgentInterface::new(format!("http://{address}/rest/"), "HTTP+JSON"),
        ],
        capabilities: AgentCapabilities {
            streaming: Some(true),
            push_notifications: Some(false),
            extensions: None,
            extended_agent_card: None,
        },
        default_input_modes: vec!["text/plain".into()],
        default_output_modes: vec!["text/plain".into()],
        skills: Vec::new(),
        provider: None,
        documentation_url: Some("https://example.org/docs".into()),
        icon_url: None,
        security_schemes: None,
        security_requirements: None,
        signatures: None,
    };
    serde_json::to_value(card).unwrap()
}

#[tokio::test]
async fn a_card_of_the_official_sdk_is_still_one_when_it_is_shown() {
    let network = Network::open(Agent::with_card(sdk_card).await).await;
    let seen: AgentCard = serde_json::from_value(shown(&network).await).unwrap();
    let urls = seen.supported_interfaces.iter().map(|found| found.url.as_str()).collect::<Vec<_>>();
    let base = format!("http://{}/agents/translator", network.surface);
    let door = network.door.to_string();
    assert_eq!(urls, [base.as_str(), &door, &format!("{base}/rest/")]);
    let mut expected: AgentCard = serde_json::from_value(sdk_card(network.agent.address)).unwrap();
    expected.supported_interfaces = seen.supported_interfaces.clone();
    expected.capabilities.extensions = seen.capabilities.extensions.clone();
    expected.signatures = seen.signatures.clone();
    assert_eq!(seen, expected);
    assert_eq!(seen.capabilities.extensions.unwrap().len(), 1);
}

#[tokio::test]
async fn calls_to_the_shown_urls_reach_the_paths_that_the_agent_named() {
    let network = Network::open(Agent::with_card(sdk_card).await).await;
    shown(&network).await;
    let headers = [("content-type", "application/json")];
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"t"}}"#;
    assert_eq!(
        network.send("POST", "/agents/translator", &headers, full(body)).await.status(),
        202
    );
    assert_eq!(
        network.send("POST", "/agents/translator/", &headers, full(body)).await.status(),
        202
    );
    assert_eq!(
        network.send("GET", "/agents/translator/rest/tasks/t", &[], empty()).await.status(),
        202
    );
    let paths = network.agent.seen().iter().map(|seen| seen.uri.to_string()).collect::<Vec<_>>();
    assert_eq!(paths, ["/", "/", "/rest/tasks/t"]);
}

/// Answers extended-card requests of both bindings with a card that names itself.
async fn extended() -> Agent {
    let handler: Handler = Arc::new(|request| {
        Box::pin(async move {
            let is_rpc = request.uri().path() == "/a2a/jsonrpc";
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let extended = card("127.0.0.1:9999".parse().unwrap());
            let answer = match (is_rpc, body.starts_with(b"{\"fail\"")) {
                (true, true) => {
                    json!({"jsonrpc": "2.0", "id": 3, "error": {"code": -32007, "message": "none"}})
                }
                (true, false) => json!({"jsonrpc": "2.0", "id": 3, "result": extended}),
                (false, _) => extended,
            };
            json_response(&answer)
        })
    });
    Agent::new(handler).await
}

fn json_response(value: &Value) -> Response<Body> {
    let mut response = Response::new(full(value.to_string()));
    response.headers_mut().insert("content-type", "application/json".parse().unwrap());
    response
}

#[tokio::test]
async fn the_extended_card_is_rewritten_on_both_bindings() {
    let network = Network::open(extended().await).await;
    let (_, over_rpc) =
        json_of(network.rpc(r#"{"jsonrpc":"2.0","id":3,"method":"GetExtendedAgentCard"}"#).await)
            .await;
    let (_, over_rest) = json_of(network.rest("GET", "/extendedAgentCard", empty()).await).await;
    assert_eq!(over_rpc["id"], 3);
    let unsigned = |card: &Value| {
        let mut card = card.clone();
        card.as_object_mut().unwrap().remove("signatures").unwrap();
        card
    };
    assert_eq!(unsigned(&over_rpc["result"]), unsigned(&over_rest));
    let text = over_rest.to_string();
    assert!(!text.contains("9999"), "{text}");
    assert!(
        text.contains(&format!("http://{}/agents/translator/a2a/rest", network.surface)),
        "{text}"
    );
}

#[tokio::test]
async fn an_error_instead_of_an_extended_card_passes_unchanged() {
    let network = Network::open(extended().await).await;
    let request = r#"{"fail":1,"jsonrpc":"2.0","id":3,"method":"GetExtendedAgentCard"}"#;
    let (status, body) = json_of(network.rpc(request).await).await;
    assert_eq!((status.as_u16(), &body["error"]["code"]), (200, &json!(-32007)));
}

fn old_card(address: SocketAddr) -> Value {
    json!({"name": "Old", "url": format!("http://{address}/"), "preferredTransport": "JSONRPC", "protocolVersion": "0.2.6"})
}

#[tokio::test]
async fn a_card_without_a_carried_interface_is_not_shown() {
    let network = Network::open(Agent::with_card(old_card).await).await;
    let (status, body) = json_of(network.send("GET", CARD, &[], empty()).await).await;
    assert_eq!(status, 502);
    assert_eq!(body["error"]["details"][0]["reason"], "INVALID_AGENT_RESPONSE");
    assert!(!body.to_string().contains(&network.agent.address.to_string()), "{body}");
}

#[tokio::test]
async fn the_card_is_fetched_once_for_many_calls() {
    let network = Network::open(Agent::echo().await).await;
    for _ in 0..5 {
        whole(network.rest("GET", "/tasks/t", empty()).await).await;
    }
    assert_eq!(network.channel.crossed.load(Ordering::Relaxed), 6);
    assert_eq!(network.agent.seen().len(), 5);
}

fn large_card(address: SocketAddr) -> Value {
    let mut large = card(address);
    large["description"] = json!("x".repeat(600 * 1024));
    large
}

#[tokio::test]
async fn a_card_larger_than_the_limit_is_not_read() {
    let network = Network::open(Agent::with_card(large_card).await).await;
    let (status, body) = json_of(network.send("GET", CARD, &[], empty()).await).await;
    assert_eq!(status, 502);
    assert_eq!(body["error"]["details"][0]["reason"], "INVALID_AGENT_RESPONSE");
    assert_eq!(network.rest("GET", "/tasks/t", empty()).await.status(), 502);
}

/// Whether the agent below has been restarted with another interface.
static HAS_MOVED: AtomicBool = AtomicBool::new(false);

fn moving_card(address: SocketAddr) -> Value {
    let mut moving = card(address);
    if HAS_MOVED.load(Ordering::Relaxed) {
        moving["supportedInterfaces"][1]["url"] = json!(format!("http://{address}/moved"));
    }
    moving
}

#[tokio::test]
async fn an_interface_that_moved_is_found_without_waiting_for_the_card_to_age() {
    let agent = Agent::with_card(moving_card).await;
    let inbound = inbound(agent.address, EVERYTHING);
    let ask = async |path: &str| {
        let request = Request::get(path).body(empty()).unwrap();
        whole(inbound.call(Arc::new(planner()), request).await).await.0.as_u16()
    };
    assert_eq!(ask("/a2a/rest/tasks/t").await, 202);
    HAS_MOVED.store(true, Ordering::Relaxed);
    // A second has to pass before an unknown path makes the gateway ask again.
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    assert_eq!(ask("/moved/tasks/t").await, 202);
    assert_eq!(ask("/a2a/rest/tasks/t").await, 404);
}
