//! How connections are made, kept, shared and given up.

use std::time::Duration;

use cloister_node::phase::Phase;
use http::StatusCode;
use http_body_util::BodyExt as _;
use tokio::net::TcpListener;

use crate::client::{echoed, send, text, whole};
use crate::node::{Image, Node};
use crate::relay::Relay;
use crate::rogue::Rogue;
use crate::world::World;

/// The value of one sample in the metrics of `node`; zero where it is absent.
pub(crate) async fn metric(node: &Node, sample: &str) -> u64 {
    let metrics = text(node, "/metrics").await;
    let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("cloisterd_{sample} ")));
    line.map_or(0, |value| value.parse().unwrap())
}

/// Waits until a sample of `node` has this value.
pub(crate) async fn until_metric(node: &Node, sample: &str, value: u64) {
    while metric(node, sample).await != value {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_peer_that_does_not_answer_is_left_alone_and_dialled_again_when_it_is_back() {
    let world = World::start().await;
    let a = Node::boot(&world, "alice", &[]).await;
    let _gone = Rogue::enrol(&world, "bob").await;
    let mut codes = Vec::new();
    let refused = loop {
        let (_, answer) = whole(send(&a, "bob", "SendMessage", "hello").await).await;
        let answer = answer.to_string();
        if answer.contains("node.channel.breaker_open") {
            break answer;
        }
        assert!(answer.contains("node.channel.connect"), "{answer}");
        codes.push(answer);
    };
    assert_eq!(codes.len(), 5);
    assert!(refused.contains("AGENT_UNAVAILABLE") && refused.contains("retryDelay"), "{refused}");
    assert_eq!(metric(&a, "dials_total").await, 5, "a refused request dials nobody");
    assert_eq!(metric(&a, "dial_failures_total{code=\"node.channel.connect\"}").await, 5);
    assert_eq!(metric(&a, "breaker_openings_total").await, 1);
    assert_eq!(metric(&a, "breakers{state=\"open\"}").await, 1);
    assert_eq!(metric(&a, "breaker_state{peer=\"bob\",state=\"open\"}").await, 1);

    let b = Node::boot(&world, "bob", &["alice"]).await;
    while echoed(&whole(send(&a, "bob", "SendMessage", "back").await).await.1) != Some("back") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(b.agent().seen().len(), 1);
    assert_eq!(metric(&a, "breakers{state=\"open\"}").await, 0);
}

#[tokio::test]
async fn more_requests_than_may_wait_are_refused_at_once() {
    let world = World::start().await;
    let image = Image::admitted(&world, "alice", &[]).await;
    let host = "limits = { waiting_per_peer_max = 2, handshake_timeout_ms = 60000 }";
    let a = image.start_with(&world, host).await;
    a.until(Phase::Admitted).await;
    // Takes connections and says nothing.
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = silent.local_addr().unwrap().to_string();
    let _bob = Rogue::enrol_at(&world, "bob", &endpoint).await;
    let mut waiting = Box::pin(async {
        tokio::join!(send(&a, "bob", "SendMessage", "1"), send(&a, "bob", "SendMessage", "2"))
    });
    tokio::select! {
        _ = &mut waiting => panic!("answered by a peer that says nothing"),
        () = until_metric(&a, "queue_depth", 2) => {}
    }
    let (_, answer) = whole(send(&a, "bob", "SendMessage", "3").await).await;
    let answer = answer.to_string();
    assert!(answer.contains("node.channel.queue_full"), "{answer}");
    assert!(answer.contains("TOO_MANY_REQUESTS"), "{answer}");
    assert_eq!(metric(&a, "queue_refusals_total").await, 1);
    assert_eq!(metric(&a, "dials_total").await, 1, "those who wait share one dial");
    drop(silent);
}

#[tokio::test]
async fn crossing_dials_make_one_channel_for_each_direction() {
    let world = World::start().await;
    let a = Node::boot(&world, "alice", &["bob"]).await;
    let b = Node::boot(&world, "bob", &["alice"]).await;
    let burst = |from, to| async move {
        let call = || async { send(from, to, "SendMessage", "hello").await.status() };
        tokio::join!(call(), call(), call(), call())
    };
    let ok = (StatusCode::OK, StatusCode::OK, StatusCode::OK, StatusCode::OK);
    let (there, back) = tokio::join!(burst(&a, "bob"), burst(&b, "alice"));
    assert_eq!((there, back), (ok, ok));
    for node in [&a, &b] {
        assert_eq!(node.runtime.channels().counts(), (2, 2));
        assert_eq!(metric(node, "channels_open{direction=\"inbound\"}").await, 1);
        assert_eq!(metric(node, "channels_open{direction=\"outbound\"}").await, 1);
        assert_eq!(metric(node, "dials_total").await, 1);
    }
    assert_eq!((a.agent().seen().len(), b.agent().seen().len()), (4, 4));
}

#[tokio::test]
async fn a_silent_network_is_noticed_by_both_ends_of_a_channel_nobody_uses() {
    let world = World::start().await;
    let relay = Relay::start().await;
    let host = format!("advertise = \"{}\"\nlimits = {{ keepalive_ms = 100 }}", relay.address);
    let a = Image::admitted(&world, "alice", &[]).await.start_with(&world, &host).await;
    let b = Image::admitted(&world, "bob", &["alice"]).await.start_with(&world, &host).await;
    a.until(Phase::Admitted).await;
    b.until(Phase::Admitted).await;
    relay.point(b.runtime.addresses().listen);
    assert_eq!(send(&a, "bob", "SendMessage", "hello").await.status(), StatusCode::OK);
    // Pings keep a healthy channel: several of their intervals pass.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((a.runtime.channels().counts().0, b.runtime.channels().counts().0), (1, 1));
    relay.fall_silent();
    a.until_no_channel().await;
    b.until_no_channel().await;
    for node in [&a, &b] {
        until_metric(node, "channel_ends_total{reason=\"broken\"}", 1).await;
    }
}

#[tokio::test]
async fn a_channel_that_nobody_uses_is_closed_in_order_and_dialled_again() {
    let world = World::start().await;
    let image = Image::admitted(&world, "alice", &[]).await;
    let a = image.start_with(&world, "limits = { idle_timeout_secs = 1 }").await;
    a.until(Phase::Admitted).await;
    let b = Node::boot(&world, "bob", &["alice"]).await;
    for round in 1..=2 {
        assert_eq!(send(&a, "bob", "SendMessage", "hello").await.status(), StatusCode::OK);
        until_metric(&a, "channel_ends_total{reason=\"idle\"}", round).await;
        // The other end is told, and does not take it for a broken connection.
        until_metric(&b, "channel_ends_total{reason=\"peer\"}", round).await;
    }
    assert_eq!(metric(&a, "dials_total").await, 2);
}

#[tokio::test]
async fn a_runtime_that_stops_does_not_wait_for_channels_that_nobody_uses() {
    let world = World::start().await;
    let image = Image::admitted(&world, "alice", &["bob"]).await;
    // A drain of an hour would not end within the test.
    let a = image.start_with(&world, "limits = { drain_timeout_secs = 3600 }").await;
    a.until(Phase::Admitted).await;
    let b = Node::boot(&world, "bob", &["alice"]).await;
    for (from, to) in [(&a, "bob"), (&b, "alice")] {
        assert_eq!(send(from, to, "SendMessage", "hello").await.status(), StatusCode::OK);
    }
    let Node { runtime, .. } = a;
    runtime.stop().await;
    until_metric(&b, "channel_ends_total{reason=\"peer\"}", 2).await;
}

#[tokio::test]
async fn a_runtime_that_stops_lets_a_running_stream_finish_and_takes_no_new_one() {
    let world = World::start().await;
    let a = Node::boot(&world, "alice", &[]).await;
    let image = Image::admitted(&world, "bob", &["alice"]).await;
    let b = image.start_with(&world, "limits = { drain_timeout_secs = 3600 }").await;
    b.until(Phase::Admitted).await;
    let mut stream = send(&a, "bob", "SendStreamingMessage", "event").await.into_body();
    stream.frame().await.unwrap().unwrap();
    let agent = b.agent().clone();
    let Node { runtime, image, .. } = b;
    let stopping = tokio::spawn(runtime.stop());
    // The request is refused, and is not delivered to the agent that is about to end.
    loop {
        let (_, answer) = whole(send(&a, "bob", "SendMessage", "late").await).await;
        if echoed(&answer).is_none() {
            break;
        }
    }
    assert!(!stopping.is_finished(), "the stream runs on");
    agent.until_streams(1).await;
    drop(stream);
    stopping.await.unwrap();
    agent.until_streams(0).await;
    drop(image);
}
