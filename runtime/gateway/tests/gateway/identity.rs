//! What the agent is told about its caller, and by whom.

use cloister_gateway::{empty, full};
use http::HeaderMap;

use crate::agent::Agent;
use crate::network::{Network, whole};

const GET_TASK: &str = r#"{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"t"}}"#;

fn peer_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let reserved = headers.iter().filter(|(name, _)| name.as_str().starts_with("cloister-"));
    let mut pairs = reserved
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect::<Vec<_>>();
    pairs.sort_unstable();
    pairs
}

#[tokio::test]
async fn the_agent_sees_the_attested_peer_and_no_look_alike() {
    let network = Network::open(Agent::echo().await).await;
    let headers = [
        ("content-type", "application/json"),
        ("Cloister-Peer-Agent", "administrator"),
        ("cloister-peer-scope", "everything"),
        ("cloister-invented", "x"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-http-method-override", "DELETE"),
    ];
    network.send("POST", "/agents/translator/a2a/jsonrpc", &headers, full(GET_TASK)).await;
    let seen = network.agent.only();
    let expected = [
        ("cloister-peer-agent", "planner"),
        ("cloister-peer-image", "planner-image"),
        ("cloister-peer-instance", "00112233445566778899aabbccddeeff"),
        ("cloister-peer-principal", "Acme%2C%20Inc.%20%C3%A9"),
        ("cloister-peer-scope", "plan,a%2C%20b"),
        ("cloister-peer-simulated", "true"),
        ("cloister-peer-tee", "snp"),
        ("cloister-peer-tier", "warning"),
        ("cloister-peer-trust-domain", "demo.example"),
        ("cloister-peer-version", "1.2.0"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(peer_headers(&seen.headers), expected);
    assert!(!seen.headers.contains_key("x-forwarded-for"));
    assert!(!seen.headers.contains_key("x-http-method-override"));
}

#[tokio::test]
async fn host_is_the_agents_own() {
    let network = Network::open(Agent::echo().await).await;
    whole(network.rpc(GET_TASK).await).await;
    let seen = network.agent.only();
    assert_eq!(seen.headers["host"], network.agent.address.to_string());
    assert_eq!(seen.headers.get_all("host").iter().count(), 1);
}

#[tokio::test]
async fn headers_of_the_protocol_and_unknown_ones_travel() {
    let network = Network::open(Agent::echo().await).await;
    let headers = [
        ("a2a-version", "1.0"),
        ("a2a-extensions", "urn:one, urn:two"),
        ("authorization", "Bearer between-agents"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("x-unheard-of", "kept"),
    ];
    network.send("GET", "/agents/translator/a2a/rest/tasks/t", &headers, empty()).await;
    let seen = network.agent.only();
    for (name, value) in headers {
        assert_eq!(seen.headers[name], value);
    }
}

#[tokio::test]
async fn an_answer_keeps_its_headers_and_cannot_speak_for_a_runtime() {
    let network = Network::open(Agent::echo().await).await;
    let response = network.rpc(GET_TASK).await;
    assert_eq!(response.status(), 202);
    assert_eq!(response.headers()["x-of-the-agent"], "kept");
    assert!(peer_headers(response.headers()).is_empty());
}
