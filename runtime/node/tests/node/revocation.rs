//! A quarantined agent loses its channels, its streams and its process.

use std::fs;
use std::time::Duration;

use cloister_node::phase::Phase;
use http::StatusCode;
use http_body_util::BodyExt as _;

use crate::client::{operator, send, whole};
use crate::node::Node;
use crate::world::World;

/// Process id of the agent's program, once it runs.
pub(crate) async fn agent_pid(node: &Node) -> String {
    loop {
        match fs::read_to_string(node.image.pid_file()) {
            Ok(pid) if pid.ends_with('\n') => return pid.trim().to_owned(),
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
}

/// Whether the process runs: it exists and is no zombie.
pub(crate) fn runs(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().and_then(|rest| rest.split_ascii_whitespace().next());
    state.is_some_and(|state| state != "Z")
}

#[tokio::test]
async fn a_quarantine_resets_running_streams_and_stops_the_agent() {
    let world = World::start().await;
    let a = Node::boot(&world, "alice", &[]).await;
    let b = Node::boot(&world, "bob", &["alice"]).await;
    let mut stream = send(&a, "bob", "SendStreamingMessage", "event").await.into_body();
    stream.frame().await.unwrap().unwrap();
    b.agent().until_streams(1).await;
    let pid = agent_pid(&b).await;
    assert!(runs(&pid));

    world.quarantine("bob").await;
    // The stream has no end of its own: this returns because the channel was closed.
    let next = stream.frame().await;
    assert!(next.is_none_or(|frame| frame.is_err()), "an event after the quarantine");
    a.until_no_channel().await;
    b.until_no_channel().await;
    b.agent().until_streams(0).await;
    b.until(Phase::Revoked).await;
    while runs(&pid) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(operator(&b, "/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(*a.runtime.phase().borrow(), Phase::Admitted, "nobody else is touched");
}

#[tokio::test]
async fn nobody_reaches_a_quarantined_agent_and_it_reaches_nobody() {
    let world = World::start().await;
    let a = Node::boot(&world, "alice", &["bob"]).await;
    let b = Node::boot(&world, "bob", &["alice"]).await;
    for (from, to) in [(&a, "bob"), (&b, "alice")] {
        assert_eq!(send(from, to, "SendMessage", "before").await.status(), StatusCode::OK);
    }
    world.quarantine("bob").await;
    b.until(Phase::Revoked).await;
    a.until_no_channel().await;
    for (from, to) in [(&a, "bob"), (&b, "alice")] {
        let (status, answer) = whole(send(from, to, "SendMessage", "after").await).await;
        assert!(!status.is_success() || answer["error"].is_object(), "{status} {answer}");
    }
    assert_eq!((a.agent().seen().len(), b.agent().seen().len()), (1, 1));
}
