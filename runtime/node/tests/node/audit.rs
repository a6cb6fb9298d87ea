//! What is on record of whatever happens, and who vouches for the record.

use core::time::Duration;

use cloister_audit::record::{Authentication, Direction, VisitEnded};
use cloister_audit::{Event, Frames, Progress, Record, Replay, Step};
use http::StatusCode;
use serde_json::Value;

use crate::client::{bytes, send, whole};
use crate::connections::until_metric;
use crate::node::{Image, Node};
use crate::rogue::Rogue;
use crate::visitor::Arriving;
use crate::world::World;

/// The log of `node`, every hash and signature of which holds.
pub(crate) async fn log(node: &Node) -> (Vec<Record>, Progress) {
    let bytes = bytes(node, "/v1/audit").await;
    let (mut frames, mut replay) = (Frames::new(&bytes[..]), Replay::new(None));
    let mut records = Vec::new();
    while let Some(frame) = frames.next_frame().unwrap() {
        if let Step::Record(record) = replay.take(&frame).unwrap() {
            records.push(*record);
        }
    }
    (records, replay.progress().unwrap())
}

/// Waits until the log of `node` is as `is` says.
async fn until(node: &Node, is: impl Fn(&[Record], &Progress) -> bool) -> Vec<Record> {
    loop {
        let (records, progress) = log(node).await;
        if is(&records, &progress) {
            return records;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The names of the events, without those that come in their own time.
fn names(records: &[Record]) -> Vec<&'static str> {
    let of_itself = ["leased", "witnessed", "vouched", "channel_renewed"];
    let names = records.iter().map(|record| record.event.name());
    names.filter(|name| !of_itself.contains(name)).collect()
}

#[tokio::test]
async fn both_ends_record_who_proved_what_which_channel_and_which_operation() {
    let world = World::start().await;
    let a = Node::boot(&world, "alice", &[]).await;
    let b = Node::boot(&world, "bob", &["alice"]).await;
    assert_eq!(whole(send(&a, "bob", "SendMessage", "hello").await).await.0, StatusCode::OK);
    b.runtime.stop().await;
    let expected =
        ["began", "authentication", "channel_opened", "operation", "outcome", "channel_closed"];
    let records = until(&a, |records, _| names(records).len() == expected.len()).await;
    assert_eq!(names(&records), expected);
    let json: Vec<Value> =
        records.iter().map(|record| serde_json::to_value(record).unwrap()).collect();
    let of = |name: &str| json.iter().find(|record| record["event"] == name).unwrap();
    let proved = of("authentication");
    assert_eq!((&proved["direction"], &proved["refused"]), (&"outbound".into(), &Value::Null));
    assert_eq!(proved["peer"]["agent"], "bob");
    assert_eq!(of("channel_opened")["key_exchange"], "X25519MLKEM768");
    assert_eq!(of("operation")["verdict"]["permitted"], true);
    let reason = of("channel_closed")["reason"].as_str().unwrap();
    assert!(["peer", "broken"].contains(&reason), "{reason}");
}

/// The first authentication that was refused, and why.
fn refused(records: &[Record]) -> Option<(String, Authentication)> {
    records.iter().find_map(|record| {
        let Event::Authentication(event) = &record.event else { return None };
        event.refused.clone().map(|code| (code, event.clone()))
    })
}

#[tokio::test]
async fn a_peer_that_policy_refuses_is_on_record_at_both_ends() {
    let world = World::start().await;
    let a = Node::boot(&world, "alice", &[]).await;
    let b = Node::boot(&world, "bob", &["carol"]).await;
    let (_, answer) = whole(send(&a, "bob", "SendMessage", "hello").await).await;
    assert!(answer["error"].is_object(), "{answer}");
    let of_b = until(&b, |records, _| refused(records).is_some()).await;
    let (code, event) = refused(&of_b).unwrap();
    assert_eq!((code.as_str(), event.direction), ("policy.denied", Direction::Inbound));
    assert_eq!(event.peer.unwrap().agent, "alice");
    let of_a = until(&a, |records, _| refused(records).is_some()).await;
    let (_, event) = refused(&of_a).unwrap();
    assert_eq!((event.direction, event.dialled.as_deref()), (Direction::Outbound, Some("bob")));
    assert!(!names(&of_b).contains(&"channel_opened"));
}

#[tokio::test]
async fn a_visit_is_on_record_with_where_it_came_from_and_how_it_ended() {
    const WELCOME: &str =
        "permit(principal is Visitor, action in [Action::\"connect\", Action::\"a2a\"], resource);";
    let world = World::start().await;
    let image = Image::governed(&world, "bob", WELCOME, "visitors = \"allow\"").await;
    let b = image.start(&world).await;
    b.until(cloister_node::phase::Phase::Admitted).await;
    let judge = Rogue::enrol(&world, "judge").await;
    let mut visiting = Arriving::at(&b, &judge.trust).await.unwrap().visit("bob").await.unwrap();
    let answer = visiting.send("SendMessage", "hello").await.unwrap();
    assert_eq!(whole(answer).await.0, StatusCode::OK);
    drop(visiting);
    until_metric(&b, "visits_open", 0).await;
    let records = until(&b, |records, _| names(records).contains(&"visit_ended")).await;
    let expected =
        ["began", "authentication", "visit_began", "operation", "outcome", "visit_ended"];
    assert_eq!(names(&records), expected);
    let visit = records.iter().find_map(|record| {
        let Event::VisitBegan(event) = &record.event else { return None };
        Some(event.clone())
    });
    let visit = visit.unwrap();
    assert_eq!(visit.key_exchange, "X25519MLKEM768");
    assert!(visit.from.starts_with("127.0.0.1:"), "{}", visit.from);
    let ended = VisitEnded { visit: visit.visit, reason: "peer".into() };
    assert_eq!(records.last().unwrap().event, Event::VisitEnded(ended));
}

#[tokio::test]
async fn a_visitor_that_policy_refuses_is_on_record() {
    const PEERS_ONLY: &str = "permit(principal, action, resource);";
    let world = World::start().await;
    let image = Image::governed(&world, "bob", PEERS_ONLY, "visitors = \"allow\"").await;
    let b = image.start(&world).await;
    b.until(cloister_node::phase::Phase::Admitted).await;
    let judge = Rogue::enrol(&world, "judge").await;
    let mut arriving = Arriving::at(&b, &judge.trust).await.unwrap();
    let _visitor = arriving.greet("bob", b"").await;
    assert!(arriving.rest().await.is_empty());
    let records = until(&b, |records, _| records.len() > 2).await;
    assert_eq!(names(&records), ["began", "authentication"]);
    assert_eq!(refused(&records).unwrap().0, "policy.denied");
}

#[tokio::test]
async fn two_ends_of_a_channel_vouch_for_what_the_verifier_was_shown() {
    let world = World::with_leases(8).await;
    let a = Node::boot(&world, "alice", &[]).await;
    let b = Node::boot(&world, "bob", &["alice"]).await;
    assert_eq!(send(&a, "bob", "SendMessage", "hello").await.status(), StatusCode::OK);
    // Across two leases: what is shown then extends what was shown before.
    for (node, witness) in [(&a, "bob"), (&b, "alice")] {
        let records = until(node, |_, progress| {
            progress.witnesses.iter().any(|vouch| vouch.since < vouch.size)
        })
        .await;
        let (_, progress) = log(node).await;
        assert_eq!(progress.witnesses[0].agent, witness);
        let refused = records.iter().filter_map(|record| {
            let Event::Witnessed(event) = &record.event else { return None };
            event.refused.clone()
        });
        assert_eq!(refused.collect::<Vec<_>>(), Vec::<String>::new());
    }
    let logs = world.logs().await;
    assert_eq!(logs.len(), 2, "{logs:?}");
    for shown in &logs {
        assert_eq!(shown.conflicts, []);
        assert!(shown.size > 1);
    }
    assert_eq!(a.runtime.channels().counts(), (1, 1), "nothing of it is a channel's end");
}
