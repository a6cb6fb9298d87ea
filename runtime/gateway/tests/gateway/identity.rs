//! What the agent is told about its caller, and by whom.

use std::sync::{Arc, Mutex};

use cloister_gateway::{
    AgentName, Body, BoxFuture, Channel, DialError, Dialer, Outbound, OutboundOptions, Vouch,
    empty, full,
};
use cloister_policy::Subject;
use http::{HeaderMap, Request, Response};

use crate::agent::{Agent, card};
use crate::network::{
    EVERYTHING, Network, inbound, local, no_lease, no_pushes, planner, policy, translator, whole,
};
use crate::vouch::PLANNER;

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
        ("cloister-peer-attested", "true"),
        ("cloister-peer-image", "planner-image"),
        ("cloister-peer-instance", "00112233445566778899aabbccddeeff"),
        ("cloister-peer-principal", "Acme%2C%20Inc.%20%C3%A9"),
        ("cloister-peer-region-claim", "Z%C3%BCrich"),
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

/// A channel whose far end is a runtime that does not keep the rules.
#[derive(Default)]
struct Careless {
    received: Mutex<Vec<HeaderMap>>,
}

impl Channel for Careless {
    fn peer(&self) -> Arc<Subject> {
        Arc::new(translator())
    }

    fn send(&self, request: Request<Body>) -> BoxFuture<'_, Result<Response<Body>, DialError>> {
        let is_card = request.uri().path() == "/.well-known/agent-card.json";
        self.received.lock().unwrap().push(request.headers().clone());
        let body =
            if is_card { card("127.0.0.1:9".parse().unwrap()).to_string() } else { String::new() };
        let mut response = Response::new(full(body));
        for name in ["cloister-peer-agent", "keep-alive", "x-kept"] {
            response.headers_mut().insert(name, "1".parse().unwrap());
        }
        Box::pin(async move { Ok(response) })
    }
}

struct ToCareless(Arc<Careless>);

impl Dialer for ToCareless {
    fn dial<'a>(&'a self, _: &'a AgentName) -> BoxFuture<'a, Result<Arc<dyn Channel>, DialError>> {
        Box::pin(async move { Ok(Arc::clone(&self.0) as Arc<dyn Channel>) })
    }

    fn own(&self) -> Option<Arc<Subject>> {
        None
    }
}

#[tokio::test]
async fn the_calling_end_does_not_rely_on_the_other() {
    let channel = Arc::new(Careless::default());
    let outbound = Outbound::new(OutboundOptions {
        local: local(&planner()),
        policy: policy(EVERYTHING),
        dialer: Arc::new(ToCareless(Arc::clone(&channel))),
        doors: None,
        vouch: Arc::clone(&PLANNER) as Arc<dyn Vouch>,
        pushes: no_pushes(),
        servers: Arc::default(),
        recorder: Arc::<crate::notes::Notes>::default(),
        delegations: no_lease(),
    });
    let request = Request::get("/agents/translator/a2a/rest/tasks/t")
        .header("host", "localhost")
        .header("cloister-peer-agent", "forged")
        .header("connection", "x-mine")
        .header("x-mine", "1")
        .header("x-kept", "1");
    let response = outbound.call(request.body(empty()).unwrap()).await;
    let kept = HeaderMap::from_iter([("x-kept".parse().unwrap(), "1".parse().unwrap())]);
    assert_eq!(response.headers(), &kept);
    assert_eq!(channel.received.lock().unwrap().last().unwrap(), &kept);
}

#[tokio::test]
async fn the_called_end_does_not_rely_on_the_other() {
    let agent = Agent::echo().await;
    let inbound = inbound(agent.address, EVERYTHING);
    let request =
        Request::get("/a2a/rest/tasks/t").header("connection", "x-mine").header("x-mine", "1");
    let response = inbound.call(Arc::new(planner()), request.body(empty()).unwrap()).await;
    assert!(peer_headers(response.headers()).is_empty());
    assert!(!agent.only().headers.contains_key("x-mine"));
}
