//! Calls that are permitted arrive, over channels that both sides verified.

use http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::Value;

use crate::client::{echoed, operator, send, whole};
use crate::node::Node;
use crate::world::World;

#[tokio::test]
async fn a_unary_call_arrives_with_the_callers_attested_identity() {
    let world = World::start().await;
    let a = Node::boot(&world, "alice", &[]).await;
    let b = Node::boot(&world, "bob", &["alice"]).await;
    let (status, answer) = whole(send(&a, "bob", "SendMessage", "hello").await).await;
    assert_eq!((status, echoed(&answer)), (StatusCode::OK, Some("hello")), "{answer}");
    let seen = b.agent().seen();
    let caller: Vec<_> = seen[0].get_all("cloister-peer-agent").iter().collect();
    assert_eq!(caller, ["alice"], "attested, and not what the caller wrote itself");
}

#[tokio::test]
async fn calls_share_one_channel_that_the_operator_can_see() {
    let world = World::start().await;
    let a = Node::boot(&world, "alice", &[]).await;
    let b = Node::boot(&world, "bob", &["alice"]).await;
    // The first calls arrive while there is no channel yet.
    let call = || async { send(&a, "bob", "SendMessage", "hello").await.status() };
    let burst = tokio::join!(call(), call(), call(), call());
    assert_eq!(burst, (StatusCode::OK, StatusCode::OK, StatusCode::OK, StatusCode::OK));
    assert_eq!(call().await, StatusCode::OK);
    assert_eq!(a.runtime.channels().counts(), (1, 1));
    let (status, channels) = operator(&b, "/v1/channels").await;
    assert_eq!(status, StatusCode::OK);
    let channel = &channels[0];
    assert_eq!(channel["agent"], "alice");
    assert_eq!(channel["direction"], "inbound");
    assert_eq!(channel["group"], "X25519MLKEM768");
    assert_eq!((&channel["simulated"], &channel["tier"]), (&Value::Bool(true), &"warning".into()));
    let (_, lease) = operator(&a, "/v1/lease").await;
    assert_eq!(channel["instance"], lease["instance"]);
}

#[tokio::test]
async fn events_of_a_stream_arrive_as_they_are_sent_and_its_end_reaches_the_agent() {
    let world = World::start().await;
    let a = Node::boot(&world, "alice", &[]).await;
    let b = Node::boot(&world, "bob", &["alice"]).await;
    let mut response = send(&a, "bob", "SendStreamingMessage", "event").await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    // The stream has no end: a frame here was not held back for one.
    let frame = response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
    let event: Value = serde_json::from_slice(frame.strip_prefix(b"data: ").unwrap()).unwrap();
    assert_eq!(echoed(&event), Some("event"));
    b.agent().until_streams(1).await;
    drop(response);
    b.agent().until_streams(0).await;
}

#[tokio::test]
async fn an_agent_that_no_policy_names_is_not_let_in() {
    let world = World::start().await;
    let a = Node::boot(&world, "alice", &[]).await;
    let b = Node::boot(&world, "bob", &["carol"]).await;
    let (status, answer) = whole(send(&a, "bob", "SendMessage", "hello").await).await;
    assert!(
        status.is_client_error() || status.is_server_error() || answer["error"].is_object(),
        "{answer}"
    );
    assert!(b.agent().seen().is_empty());
    assert_eq!(b.runtime.channels().counts().1, 0, "no channel was ever open");
}

#[tokio::test]
async fn an_agent_that_does_not_exist_is_not_found() {
    let world = World::start().await;
    let a = Node::boot(&world, "alice", &[]).await;
    let response = send(&a, "nobody", "SendMessage", "hello").await;
    let (_, answer) = whole(response).await;
    assert!(answer.to_string().contains("node.channel.unknown_agent"), "{answer}");
}

#[tokio::test]
async fn a_runtime_that_stops_drains_and_leaves_nothing_behind() {
    let world = World::start().await;
    let a = Node::boot(&world, "alice", &[]).await;
    let b = Node::boot(&world, "bob", &["alice"]).await;
    assert_eq!(send(&a, "bob", "SendMessage", "hello").await.status(), StatusCode::OK);
    let pid = crate::revocation::agent_pid(&b).await;
    let Node { runtime, .. } = b;
    runtime.stop().await;
    assert!(!crate::revocation::runs(&pid));
    a.until_no_channel().await;
}
