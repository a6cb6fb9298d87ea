//! Callers of whom nothing is attested, and the port that they call through.

use cloister_gateway::{Inbound, LocalPort, empty, full};
use http::{Request, StatusCode};
use serde_json::Value;

use crate::agent::Agent;
use crate::network::{EVERYTHING, Network, inbound, json_of, whole};

const WELCOME: &str = "permit(principal is Visitor, action, resource);";
const SEND: &str = r#"{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{"message":{}}}"#;
const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ListTasks","params":{}}"#;
const CARD: &str = "/.well-known/agent-card.json";

/// What a visitor is answered to a JSON-RPC request with these headers more.
async fn visit(inbound: &Inbound, body: &'static str, more: &[(&str, &str)]) -> (u16, Value) {
    let mut request = Request::post("/a2a/jsonrpc").header("content-type", "application/json");
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    let request = request.header("a2a-version", "1.0").body(full(body)).unwrap();
    let (status, answer) = json_of(inbound.visit().call(request).await).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn the_agent_is_told_that_nothing_of_a_visitor_is_attested_and_no_look_alike() {
    let agent = Agent::echo().await;
    let forged = [
        ("cloister-peer-attested", "true"),
        ("cloister-peer-agent", "administrator"),
        ("cloister-peer-tier", "affirming"),
        ("x-forwarded-for", "127.0.0.1"),
    ];
    let (status, _) = visit(&inbound(agent.address, WELCOME), SEND, &forged).await;
    assert_eq!(status, 202);
    let headers = agent.only().headers;
    let said: Vec<_> =
        headers.iter().filter(|(name, _)| name.as_str().starts_with("cloister-")).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(headers["cloister-peer-attested"], "false");
    assert!(!headers.contains_key("x-forwarded-for"));
}

#[tokio::test]
async fn what_agents_may_do_a_visitor_may_not() {
    let agent = Agent::echo().await;
    let (_, refused) = visit(&inbound(agent.address, EVERYTHING), SEND, &[]).await;
    assert!(refused["error"].is_object(), "{refused}");
    let narrow = format!("{WELCOME}\nforbid(principal, action == Action::\"list\", resource);");
    let inbound = inbound(agent.address, &narrow);
    let (status, _) = visit(&inbound, SEND, &[]).await;
    assert_eq!(status, 202);
    let (_, refused) = visit(&inbound, LIST, &[]).await;
    assert!(refused["error"].is_object(), "{refused}");
    assert_eq!(agent.only().body, SEND, "what is refused does not reach the agent");
}

async fn through(port: &LocalPort, path: &str, host: &str) -> (StatusCode, bytes::Bytes) {
    let request = Request::get(path).header("host", host).body(empty()).unwrap();
    whole(port.call(request).await).await
}

#[tokio::test]
async fn a_local_port_shows_the_agents_card_as_its_own_at_the_root() {
    let network = Network::open(Agent::echo().await).await;
    let port = network.local_port("translator");
    let (status, card) = through(&port, CARD, "127.0.0.1:8080").await;
    let card: Value = serde_json::from_slice(&card).unwrap();
    assert_eq!(status, 200, "{card}");
    let urls = ["a2a/jsonrpc", "a2a/rest"].map(|path| format!("http://127.0.0.1:8080/{path}"));
    for (at, url) in urls.iter().enumerate() {
        assert_eq!(card["supportedInterfaces"][at]["url"], *url);
    }
    let (status, _) = through(&port, "/a2a/rest/tasks/t", "localhost:8080").await;
    assert_eq!(
        (status, network.agent.only().uri.path()),
        (StatusCode::ACCEPTED, "/a2a/rest/tasks/t")
    );
}

#[tokio::test]
async fn a_local_port_answers_no_web_page_and_leads_to_no_other_agent() {
    let network = Network::open(Agent::echo().await).await;
    let port = network.local_port("translator");
    let (status, _) = through(&port, "/a2a/rest/tasks/t", "evil.example").await;
    assert!(status.is_client_error(), "{status}");
    let (status, _) = through(&port, "/agents/translator/a2a/rest/tasks/t", "127.0.0.1").await;
    assert!(status.is_client_error(), "{status}");
    let (status, _) = through(&network.local_port("asleep"), CARD, "127.0.0.1").await;
    assert!(status.is_server_error(), "{status}");
    assert!(network.agent.seen().is_empty());
}
