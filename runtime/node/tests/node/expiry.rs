//! Leases end; while they live, nobody needs the Verifier.

use cloister_node::phase::Phase;
use http::StatusCode;
use http_body_util::BodyExt as _;

use crate::client::{send, whole};
use crate::node::Node;
use crate::revocation::{agent_pid, runs};
use crate::world::World;

#[tokio::test]
async fn a_lease_is_renewed_under_the_same_identity_before_it_ends() {
    let world = World::with_leases(3).await;
    let a = Node::boot(&world, "alice", &[]).await;
    let before = crate::client::operator(&a, "/v1/lease").await.1;
    let after = loop {
        let lease = crate::client::operator(&a, "/v1/lease").await.1;
        if lease["id"] != before["id"] {
            break lease;
        }
        assert_eq!(*a.runtime.phase().borrow(), Phase::Admitted);
        tokio::time::sleep(core::time::Duration::from_millis(20)).await;
    };
    assert_eq!(before["instance"], after["instance"]);
    assert!(before["expires_at"].as_u64() < after["expires_at"].as_u64());
}

#[tokio::test]
async fn a_live_lease_works_without_the_verifier_and_its_end_closes_everything() {
    let mut world = World::with_leases(4).await;
    let a = Node::boot(&world, "alice", &[]).await;
    let b = Node::boot(&world, "bob", &["alice"]).await;
    assert_eq!(send(&a, "bob", "SendMessage", "hello").await.status(), StatusCode::OK);
    world.stop_verifier().await;
    let mut stream = send(&a, "bob", "SendStreamingMessage", "event").await;
    assert_eq!(stream.status(), StatusCode::OK);
    stream.body_mut().frame().await.unwrap().unwrap();
    let pid = agent_pid(&b).await;

    let next = stream.body_mut().frame().await;
    assert!(next.is_none_or(|frame| frame.is_err()), "an event after the lease");
    a.until_no_channel().await;
    b.until_no_channel().await;
    a.until(Phase::Expired).await;
    b.until(Phase::Expired).await;
    assert!(runs(&pid), "the agent is cut off and not stopped");
    let (status, answer) = whole(send(&a, "bob", "SendMessage", "late").await).await;
    assert!(!status.is_success() || answer["error"].is_object(), "{status} {answer}");
    assert_eq!(b.agent().seen().len(), 2);
}
