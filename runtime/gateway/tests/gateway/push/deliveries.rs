//! What arrives at the webhook, and what is on record of it.

use std::time::Duration;

use cloister_audit::Hash;
use cloister_audit::record::Ending;
use serde_json::json;

use super::pair::{CREDENTIALS, Pair, TASK, TOKEN, notice};

const WORKING: &str = "TASK_STATE_WORKING";
const COMPLETED: &str = "TASK_STATE_COMPLETED";

#[tokio::test]
async fn a_notification_arrives_byte_for_byte_with_what_its_webhook_wants_to_see() {
    let pair = Pair::open().await;
    pair.send(pair.config()).await;
    let body = notice(TASK, WORKING);
    assert_eq!(pair.post(&pair.given(), body.clone()).await, 202);
    assert_eq!(pair.delivered(1).await, [body]);
    let seen = pair.webhook.only();
    assert_eq!((seen.method.as_str(), seen.uri.to_string().as_str()), ("POST", "/hook?of=planner"));
    let header = |name: &str| seen.headers[name].to_str().unwrap();
    assert_eq!(header("x-a2a-notification-token"), TOKEN);
    assert_eq!(header("a2a-notification-token"), TOKEN);
    assert_eq!(header("authorization"), format!("Bearer {CREDENTIALS}"));
    assert_eq!(header("content-type"), "application/json");
    assert_eq!(header("cloister-peer-agent"), "translator");
    assert_eq!(header("cloister-peer-attested"), "true");
}

#[tokio::test]
async fn notifications_arrive_in_their_order_and_each_once() {
    let pair = Pair::open().await;
    pair.send(pair.config()).await;
    let given = pair.given();
    let bodies = (0..20).map(|n| notice(TASK, &format!("STATE_{n}"))).collect::<Vec<_>>();
    for body in &bodies {
        for _ in 0..2 {
            assert_eq!(pair.post(&given, body.clone()).await, 202);
        }
    }
    let last = notice(TASK, COMPLETED);
    assert_eq!(pair.post(&given, last.clone()).await, 202);
    let delivered = pair.delivered(21).await;
    assert_eq!(delivered, [bodies, vec![last]].concat());
    assert_eq!(pair.translator.line.references().len(), 21);
}

#[tokio::test]
async fn what_cannot_be_delivered_at_once_is_tried_again() {
    let pair = Pair::open().await;
    pair.send(pair.config()).await;
    pair.translator.line.fails(1);
    let body = notice(TASK, WORKING);
    assert_eq!(pair.post(&pair.given(), body.clone()).await, 202);
    assert_eq!(pair.delivered(1).await, [body]);
}

#[tokio::test]
async fn both_ends_have_a_delivery_on_record_with_the_digest_of_its_bytes() {
    let pair = Pair::open().await;
    pair.send(pair.config()).await;
    let body = notice(TASK, WORKING);
    pair.post(&pair.given(), body.clone()).await;
    pair.delivered(1).await;
    for side in [&pair.planner, &pair.translator] {
        side.notes.outcomes_of(2).await;
        let operations = side.notes.operations();
        let delivery =
            operations.iter().find(|operation| operation.name == "push_deliver").unwrap();
        assert!(delivery.verdict.permitted);
        assert!(delivery.subjects.task.is_some());
        assert_eq!(delivery.request.as_ref().unwrap().sha256, Hash::of(body.as_bytes()));
        let outcomes = side.notes.outcomes();
        let taken = |ending: &Ending| matches!(ending, Ending::Answered { status: 204 });
        assert!(outcomes.iter().any(|outcome| taken(&outcome.ending)), "{outcomes:?}");
    }
}

#[tokio::test]
async fn policy_decides_at_both_ends_whether_there_are_deliveries() {
    const NONE: &str = "permit(principal, action, resource);
        forbid(principal, action == Action::\"push_deliver\", resource);";
    const ALL: &str = "permit(principal, action, resource);";
    for (planners, translators, crossed) in [(NONE, ALL, 1), (ALL, NONE, 0)] {
        let pair = Pair::governed(planners, translators).await;
        pair.send(pair.config()).await;
        assert_eq!(pair.post(&pair.given(), notice(TASK, WORKING)).await, 202);
        let side = if crossed == 1 { &pair.planner } else { &pair.translator };
        let refused = || {
            let operations = side.notes.operations();
            operations.iter().any(|op| op.name == "push_deliver" && !op.verdict.permitted)
        };
        while !refused() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(pair.translator.line.references().len(), crossed);
        assert!(pair.webhook.seen().is_empty());
    }
}

#[tokio::test]
async fn each_configuration_has_a_line_of_its_own() {
    let pair = Pair::open().await;
    pair.send(pair.config()).await;
    let first = pair.given();
    let mut other = pair.config();
    other["id"] = json!("other");
    pair.send(other).await;
    let second = pair.given();
    assert_ne!(first, second);
    let body = notice(TASK, WORKING);
    for url in [&first, &second] {
        assert_eq!(pair.post(url, body.clone()).await, 202);
    }
    assert_eq!(pair.delivered(2).await, [body.clone(), body]);
}
