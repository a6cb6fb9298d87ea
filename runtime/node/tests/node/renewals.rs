//! Channels outlive leases: renewed in band, without cutting a stream, and only as long as both ends
//! are good for it.

use bytes::Bytes;
use cloister_node::channels::Facts;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use crate::client::{echoed, send, whole};
use crate::connections::{metric, until_metric};
use crate::node::Node;
use crate::world::World;

const ACCEPTED: &str = "channel_renewals_total{result=\"accepted\"}";

/// Alice, Bob, and a stream of events between them that is being read.
struct Scene {
    world: World,
    a: Node,
    b: Node,
    stream: Incoming,
}

impl Scene {
    async fn with_leases(secs: u64) -> Self {
        let world = World::with_leases(secs).await;
        let a = Node::boot(&world, "alice", &[]).await;
        let b = Node::boot(&world, "bob", &["alice"]).await;
        let mut stream = send(&a, "bob", "SendStreamingMessage", "event").await.into_body();
        stream.frame().await.unwrap().unwrap();
        b.agent().until_streams(1).await;
        Self { world, a, b, stream }
    }

    /// Waits until both ends have taken so many new leases of each other.
    async fn until_renewals(&self, count: u64) {
        for node in [&self.a, &self.b] {
            while metric(node, ACCEPTED).await < count {
                let open = node.runtime.channels().counts().0;
                assert_ne!(open, 0, "{}", crate::client::text(node, "/metrics").await);
                tokio::time::sleep(core::time::Duration::from_millis(20)).await;
            }
        }
    }

    /// The stream still runs: what the agent says now arrives.
    async fn assert_running(&mut self) {
        self.b.agent().say("data: still here\n\n");
        let frame = self.stream.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(frame, Bytes::from_static(b"data: still here\n\n"));
    }
}

/// The only channel of `node`.
fn only_channel(node: &Node) -> Facts {
    let mut open = node.runtime.channels().facts();
    assert_eq!(open.len(), 1);
    open.remove(0)
}

#[tokio::test]
async fn a_stream_outlives_three_leases_of_each_end_uncut() {
    let mut scene = Scene::with_leases(8).await;
    let (first_a, first_b) = (only_channel(&scene.a), only_channel(&scene.b));
    scene.until_renewals(3).await;
    for (node, first) in [(&scene.a, first_a), (&scene.b, first_b)] {
        let now = only_channel(node);
        assert_eq!(now.opened, first.opened, "the same channel");
        for (lease, before) in [(&now.lease, &first.lease), (&now.own_lease, &first.own_lease)] {
            let began = lease.claims().issued_at;
            assert!(began >= before.claims().expires_at, "{began} is in the first lease's life");
            assert_eq!(lease.claims().identity_key, before.claims().identity_key);
            assert_ne!(lease.claims().channel_key, before.claims().channel_key);
        }
        assert_eq!(node.runtime.channels().counts(), (1, 1));
    }
    scene.assert_running().await;
    for node in [&scene.a, &scene.b] {
        for refusal in ["unbelieved", "refused", "failed"] {
            let sample = format!("channel_renewals_total{{result=\"{refusal}\"}}");
            assert_eq!(metric(node, &sample).await, 0, "{refusal}");
        }
    }
}

#[tokio::test]
async fn requests_move_to_a_channel_of_the_new_key_and_the_old_one_drains() {
    let mut scene = Scene::with_leases(8).await;
    let old_key = only_channel(&scene.a).own_lease.claims().channel_key;
    scene.until_renewals(1).await;
    // The first request after a renewal has the successor dialled.
    while metric(&scene.a, "dials_total").await < 2 {
        let (_, answer) = whole(send(&scene.a, "bob", "SendMessage", "hello").await).await;
        assert_eq!(echoed(&answer), Some("hello"), "{answer}");
    }
    while scene.a.runtime.channels().counts().1 < 2 {
        tokio::time::sleep(core::time::Duration::from_millis(5)).await;
    }
    let newest = scene.a.runtime.channels().facts().pop().unwrap();
    assert_ne!(newest.own_lease.claims().channel_key, old_key);
    // The stream stays on the old one, which goes on being renewed.
    scene.until_renewals(3).await;
    scene.assert_running().await;
    drop(scene.stream);
    until_metric(&scene.a, "channel_ends_total{reason=\"superseded\"}", 1).await;
    until_metric(&scene.b, "channel_ends_total{reason=\"peer\"}", 1).await;
}

#[tokio::test]
async fn a_revocation_ends_a_channel_that_was_renewed() {
    let mut scene = Scene::with_leases(8).await;
    scene.until_renewals(1).await;
    scene.assert_running().await;
    scene.world.quarantine("bob").await;
    let next = scene.stream.frame().await;
    assert!(next.is_none_or(|frame| frame.is_err()), "an event after the quarantine");
    scene.a.until_no_channel().await;
    scene.b.until_no_channel().await;
    let renewals = (metric(&scene.a, ACCEPTED).await, metric(&scene.b, ACCEPTED).await);
    // No lease is given for Bob any more, and none is taken.
    let (_, answer) = whole(send(&scene.a, "bob", "SendMessage", "late").await).await;
    assert_eq!(echoed(&answer), None, "{answer}");
    let after = (metric(&scene.a, ACCEPTED).await, metric(&scene.b, ACCEPTED).await);
    assert_eq!(renewals, after);
}

#[tokio::test]
async fn a_stream_survives_a_verifier_that_is_away_for_less_than_a_lease() {
    let mut scene = Scene::with_leases(10).await;
    scene.world.stop_verifier().await;
    // Both ends have asked for a new lease in vain.
    for node in [&scene.a, &scene.b] {
        while metric(node, "lease_failures_total").await == 0 {
            tokio::time::sleep(core::time::Duration::from_millis(20)).await;
        }
    }
    scene.assert_running().await;
    scene.world.restart_verifier().await;
    scene.until_renewals(1).await;
    scene.assert_running().await;
    assert_eq!(scene.a.runtime.channels().counts(), (1, 1));
}

#[tokio::test]
async fn a_stream_ends_with_the_lease_when_the_verifier_stays_away() {
    let mut scene = Scene::with_leases(8).await;
    scene.until_renewals(1).await;
    scene.world.stop_verifier().await;
    let next = scene.stream.frame().await;
    assert!(next.is_none_or(|frame| frame.is_err()), "an event after the lease");
    scene.a.until_no_channel().await;
    scene.b.until_no_channel().await;
}
