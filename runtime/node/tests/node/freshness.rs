//! Evidence made for each session, where the measured configuration of either end demands it.

use std::sync::Arc;

use cloister_attestation::binding::Binding;
use cloister_attestation::envelope::Envelope;
use cloister_channel::AgentName;
use cloister_channel::session::{Event, EvidenceWanted, Session};
use cloister_channel::tls::{Handshake, KeyExchange};
use cloister_node::phase::Phase;
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::send;
use crate::connections::until_metric;
use crate::node::{Image, Node};
use crate::rogue::Rogue;
use crate::world::{World, now};

/// An admitted runtime that demands Evidence of every session.
async fn demanding(world: &World, name: &str, callers: &[&str]) -> Node {
    let image = Image::demanding(world, name, callers, "freshness = \"session\"").await;
    world.admit(&image.agent_toml(), &image.measured).await;
    let node = image.start(world).await;
    node.until(Phase::Admitted).await;
    node
}

#[tokio::test]
async fn a_call_passes_where_either_end_or_both_demand_session_evidence() {
    let world = World::start().await;
    let usual = Node::boot(&world, "alice", &["bob"]).await;
    let strict = demanding(&world, "bob", &["alice", "carol"]).await;
    let other = demanding(&world, "carol", &["bob"]).await;
    for (from, to) in [(&usual, "bob"), (&strict, "alice"), (&strict, "carol"), (&other, "bob")] {
        assert_eq!(send(from, to, "SendMessage", "hello").await.status(), StatusCode::OK);
    }
}

/// Shows `node` this Evidence; whether it is answered with a proof.
async fn is_answered(
    node: &Node,
    rogue: &Rogue,
    evidence: impl FnOnce(&EvidenceWanted) -> Envelope,
) -> bool {
    let mut stream = rogue.connect(node).await;
    let handshake = Handshake::client(stream.get_ref().1, KeyExchange::PostQuantum).unwrap();
    let (local, trust) = (Arc::clone(&rogue.credentials), Arc::clone(&rogue.trust));
    let bob = AgentName::new("bob").unwrap();
    let mut session = Session::initiator(local, trust, handshake, bob, now()).unwrap();
    let Some(Event::EvidenceWanted(wanted)) = session.poll_event() else {
        panic!("no Evidence is wanted")
    };
    session.provide(evidence(&wanted).encode(), now()).unwrap();
    stream.write_all(&session.poll_transmit().unwrap()).await.unwrap();
    stream.read_exact(&mut [0; 4]).await.is_ok()
}

/// The binding that is asked for.
fn binding(rogue: &Rogue, wanted: &EvidenceWanted) -> Binding {
    Binding {
        identity_key: wanted.identity_key,
        channel_key: wanted.channel_key,
        nonce: wanted.nonce(),
        manifest: rogue.manifest(),
        audit_head: None,
        exporter: Some(*wanted.exporter),
    }
}

#[tokio::test]
async fn evidence_that_no_hardware_made_for_this_session_is_refused() {
    let world = World::start().await;
    let b = demanding(&world, "bob", &["mallory"]).await;
    let mallory = Rogue::enrol(&world, "mallory").await;
    let genuine = |wanted: &EvidenceWanted| mallory.evidence(&binding(&mallory, wanted));
    assert!(is_answered(&b, &mallory, genuine).await);
    // The binding is as demanded, and the hardware signed the one of another session.
    let replayed = |wanted: &EvidenceWanted| {
        let asked = binding(&mallory, wanted);
        let made = mallory.evidence(&Binding { exporter: Some([1; 32]), ..asked.clone() });
        Envelope { binding: asked.encode(), ..made }
    };
    assert!(!is_answered(&b, &mallory, replayed).await);
    // The genuine session was given up by Mallory, the other one was refused.
    until_metric(&b, "handshakes_refused_total", 2).await;
    assert_eq!(b.runtime.channels().counts().1, 0);
}

#[tokio::test]
async fn without_the_verifier_a_runtime_that_demands_session_evidence_opens_no_channel() {
    let mut world = World::start().await;
    let b = demanding(&world, "bob", &["mallory"]).await;
    let mallory = Rogue::enrol(&world, "mallory").await;
    world.stop_verifier().await;
    let genuine = |wanted: &EvidenceWanted| mallory.evidence(&binding(&mallory, wanted));
    assert!(!is_answered(&b, &mallory, genuine).await);
}
