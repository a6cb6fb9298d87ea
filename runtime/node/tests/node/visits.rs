//! Visitors, of whom nothing is attested: refused unless the measured file and the policy say
//! otherwise, and told apart from peers all the way.

use cloister_channel::session::SessionError;
use cloister_node::limits::VISITORS_PER_ADDRESS_MAX;
use cloister_node::phase::Phase;
use http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::Value;

use crate::client::{echoed, operator, whole};
use crate::connections::{metric, until_metric};
use crate::node::{Image, Node};
use crate::rogue::Rogue;
use crate::visitor::{Arriving, Visiting};
use crate::world::World;

const ALLOW: &str = "visitors = \"allow\"";
const WELCOME: &str =
    "permit(principal is Visitor, action in [Action::\"connect\", Action::\"a2a\"], resource);";
const PEERS_ONLY: &str = "permit(principal, action, resource);";

/// A runtime of `bob` under this policy, and somebody who knows whom to trust.
struct Scene {
    world: World,
    bob: Node,
    judge: Rogue,
}

impl Scene {
    async fn open(policy: &str, peers: &str) -> Self {
        Self::with_leases(600, policy, peers).await
    }

    async fn with_leases(lifetime_secs: u64, policy: &str, peers: &str) -> Self {
        let world = World::with_leases(lifetime_secs).await;
        let bob = Image::governed(&world, "bob", policy, peers).await.start(&world).await;
        bob.until(Phase::Admitted).await;
        let judge = Rogue::enrol(&world, "judge").await;
        Self { world, bob, judge }
    }

    async fn arriving(&self) -> Arriving {
        Arriving::at(&self.bob, &self.judge.trust).await.unwrap()
    }

    async fn visiting(&self) -> Visiting {
        self.arriving().await.visit("bob").await.unwrap()
    }
}

#[tokio::test]
async fn visitors_are_refused_by_default_whatever_the_policy_says() {
    for peers in ["", "visitors = \"refuse\""] {
        let scene = Scene::open(WELCOME, peers).await;
        let refused = Arriving::at(&scene.bob, &scene.judge.trust).await.err().unwrap();
        assert!(refused.to_string().contains("NoApplicationProtocol"), "{refused}");
        assert_eq!(metric(&scene.bob, "handshakes_refused_total").await, 1);
    }
}

#[tokio::test]
async fn a_visitor_is_let_in_and_the_agent_is_told_that_nothing_of_it_is_attested() {
    let scene = Scene::open(WELCOME, ALLOW).await;
    let mut visiting = scene.visiting().await;
    assert_eq!(visiting.reached.peer().agent.as_str(), "bob");
    let answer = visiting.send("SendMessage", "hello").await.unwrap();
    let (status, answer) = whole(answer).await;
    assert_eq!((status, echoed(&answer)), (StatusCode::OK, Some("hello")), "{answer}");
    let seen = scene.bob.agent().seen();
    let said = seen[0].keys().filter(|name| name.as_str().starts_with("cloister-")).count();
    assert_eq!((said, &seen[0]["cloister-peer-attested"]), (1, &"false".parse().unwrap()));
}

#[tokio::test]
async fn an_operator_sees_a_visit_as_what_it_is_and_when_it_ended() {
    let scene = Scene::open(WELCOME, ALLOW).await;
    let visiting = scene.visiting().await;
    until_metric(&scene.bob, "visits_open", 1).await;
    let (_, channels) = operator(&scene.bob, "/v1/channels").await;
    let visit = &channels[0];
    assert_eq!((&visit["direction"], &visit["attested"]), (&"visit".into(), &Value::Bool(false)));
    assert_eq!(visit["group"], "X25519MLKEM768");
    assert!(visit["address"].as_str().unwrap().starts_with("127.0.0.1:"), "{visit}");
    assert!(visit.get("agent").is_none(), "{visit}");
    assert_eq!(scene.bob.runtime.channels().counts().1, 0, "a visit is no channel");
    drop(visiting);
    until_metric(&scene.bob, "visits_open", 0).await;
    until_metric(&scene.bob, "visit_ends_total{reason=\"peer\"}", 1).await;
}

#[tokio::test]
async fn what_is_permitted_to_agents_lets_no_visitor_in_and_nothing_is_proved_to_it() {
    let scene = Scene::open(PEERS_ONLY, ALLOW).await;
    let mut arriving = scene.arriving().await;
    let _visitor = arriving.greet("bob", b"").await;
    assert!(arriving.rest().await.is_empty(), "the runtime proved itself");
    assert!(scene.bob.agent().seen().is_empty());
}

#[tokio::test]
async fn a_visitor_that_may_come_in_may_do_no_more_than_policy_names() {
    let narrow = "permit(principal is Visitor, action in [Action::\"connect\", Action::\"card\",
        Action::\"stream\"], resource);";
    let scene = Scene::open(narrow, ALLOW).await;
    let mut visiting = scene.visiting().await;
    let (_, refused) = whole(visiting.send("SendMessage", "hello").await.unwrap()).await;
    assert!(refused["error"].is_object(), "{refused}");
    assert!(scene.bob.agent().seen().is_empty());
}

#[tokio::test]
async fn application_bytes_before_the_proof_reach_nobody() {
    let scene = Scene::open(WELCOME, ALLOW).await;
    let mut arriving = scene.arriving().await;
    let _visitor = arriving.greet("bob", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert!(arriving.rest().await.is_empty(), "the runtime answered");
    until_metric(&scene.bob, "handshakes_refused_total", 1).await;
    assert!(scene.bob.agent().seen().is_empty());
}

#[tokio::test]
async fn a_visitor_that_means_another_agent_is_answered_by_nobody() {
    let scene = Scene::open(WELCOME, ALLOW).await;
    let refused = scene.arriving().await.visit("alice").await.err().unwrap();
    assert_eq!(refused, SessionError::Ended);
}

#[tokio::test]
async fn whoever_offers_a_channel_beside_a_visit_shows_a_certificate() {
    let scene = Scene::open(WELCOME, ALLOW).await;
    let both: &[&[u8]] = &[b"cloister-visit/1", b"cloister/1"];
    let arrived = Arriving::offering(&scene.bob, &scene.judge.trust, Some(both)).await;
    // In TLS 1.3 a client hears only after its own handshake that its certificate is missed.
    if let Ok(arrived) = arrived {
        let protocol = arrived.stream.get_ref().1.alpn_protocol();
        assert_eq!(protocol, Some(&b"cloister/1"[..]));
        assert!(arrived.rest().await.is_empty());
    }
    until_metric(&scene.bob, "handshakes_refused_total", 1).await;
}

#[tokio::test]
async fn visits_end_when_the_agent_is_quarantined() {
    let scene = Scene::open(WELCOME, ALLOW).await;
    let mut visiting = scene.visiting().await;
    let mut stream = visiting.send("SendStreamingMessage", "event").await.unwrap().into_body();
    stream.frame().await.unwrap().unwrap();
    scene.world.quarantine("bob").await;
    assert!(stream.frame().await.unwrap().is_err(), "the stream goes on");
    until_metric(&scene.bob, "visit_ends_total{reason=\"revoked\"}", 1).await;
    assert!(visiting.send("SendMessage", "late").await.is_none());
}

#[tokio::test]
async fn a_visit_ends_with_the_lease_that_it_was_begun_under_and_the_next_one_has_a_newer() {
    let scene = Scene::with_leases(4, WELCOME, ALLOW).await;
    let mut visiting = scene.visiting().await;
    let mut stream = visiting.send("SendStreamingMessage", "event").await.unwrap().into_body();
    stream.frame().await.unwrap().unwrap();
    assert!(stream.frame().await.unwrap().is_err(), "the stream outlives its lease");
    until_metric(&scene.bob, "visit_ends_total{reason=\"lease_ended\"}", 1).await;
    let next = scene.visiting().await;
    assert!(
        next.reached.lease().claims().expires_at > visiting.reached.lease().claims().expires_at
    );
}

#[tokio::test]
async fn one_address_takes_no_more_than_its_share_of_visits() {
    let scene = Scene::open(WELCOME, ALLOW).await;
    let mut visits = Vec::new();
    for _ in 0..VISITORS_PER_ADDRESS_MAX {
        visits.push(scene.visiting().await);
    }
    assert!(Arriving::at(&scene.bob, &scene.judge.trust).await.is_err());
    until_metric(&scene.bob, "handshakes_refused_total", 1).await;
    drop(visits.pop());
    let left = u64::try_from(VISITORS_PER_ADDRESS_MAX - 1).unwrap();
    until_metric(&scene.bob, "visits_open", left).await;
    assert!(scene.arriving().await.visit("bob").await.is_ok());
}
