//! What is on record, and when.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cloister_audit::Hash;
use cloister_audit::record::{Direction, Ending, Payload, name_digest};
use cloister_gateway::{boxed, empty, full};
use http_body::Frame;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::agent::{Agent, Handler};
use crate::mcp::server::{FAR, MODERN, governed, modern, post};
use crate::network::{EVERYTHING, Network, inbound_noted, json_of, planner, whole};
use crate::streams::Fallible;

const GET: &str = r#"{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"task-1"}}"#;

fn payload(bytes: &[u8]) -> Payload {
    Payload { bytes: bytes.len() as u64, sha256: Hash::of(bytes) }
}

#[tokio::test]
async fn both_ends_have_the_digest_of_the_exact_bytes_before_and_after() {
    let network = Network::open(Agent::echo().await).await;
    let (status, answer) = whole(network.rpc(GET).await).await;
    assert_eq!(status, 202);
    for (notes, direction, peer) in [
        (&network.calling, Direction::Outbound, "translator"),
        (&network.called, Direction::Inbound, "planner"),
    ] {
        let outcomes = notes.outcomes_of(1).await;
        let operations = notes.operations();
        assert_eq!((operations.len(), outcomes.len()), (1, 1), "{direction:?}");
        let operation = &operations[0];
        assert_eq!(
            (operation.direction, operation.peer.as_ref().unwrap().agent.as_str()),
            (direction, peer)
        );
        assert_eq!((operation.name.as_str(), operation.binding.as_str()), ("get", "JSONRPC"));
        assert_eq!(operation.request, Some(payload(GET.as_bytes())));
        assert_eq!(operation.subjects.task, Some(name_digest("task", "task-1")));
        assert_eq!((operation.verdict.permitted, operation.verdict.epoch), (true, 7));
        assert_eq!(outcomes[0].ending, Ending::Answered { status: 202 });
        assert_eq!(outcomes[0].request, payload(GET.as_bytes()));
        assert_eq!(outcomes[0].response, payload(&answer));
        assert_eq!(vec![outcomes[0].of], notes.numbers());
    }
}

#[tokio::test]
async fn no_message_is_in_a_record() {
    let network = Network::open(Agent::echo().await).await;
    let body = json!({"jsonrpc": "2.0", "id": "secret-id", "method": "SendMessage", "params": {
        "tenant": "secret-tenant",
        "message": {"contextId": "secret-context", "taskId": "secret-task", "role": "ROLE_USER",
            "parts": [{"text": "secret-text"}]}}});
    drop(whole(network.rpc(body.to_string()).await).await);
    let operations = [network.calling.operations(), network.called.operations()].concat();
    assert_eq!(operations.len(), 2);
    let shown = format!("{operations:?} {:?}", network.called.outcomes_of(1).await);
    assert!(!shown.contains("secret"), "{shown}");
}

#[tokio::test]
async fn nothing_is_dispatched_before_its_record_is_durable() {
    let network = Network::open(Agent::echo().await).await;
    // The card is asked for first, to know the interfaces.
    drop(whole(network.rpc(GET).await).await);
    assert_eq!(network.agent.seen().len(), 1);
    network.called.hold();
    let asked = network.rpc(GET);
    tokio::pin!(asked);
    let early = tokio::time::timeout(Duration::from_millis(200), &mut asked).await;
    assert!(early.is_err(), "answered before the record was durable");
    assert_eq!(network.called.operations().len(), 2, "the record was not even asked for");
    assert_eq!(network.agent.seen().len(), 1, "dispatched before the record was durable");
    network.called.proceed();
    assert_eq!(asked.await.status(), 202);
    assert_eq!(network.agent.seen().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_put_on_record_is_refused_in_the_bindings_own_form_and_not_dispatched() {
    let network = Network::open(Agent::echo().await).await;
    drop(whole(network.rpc(GET).await).await);
    network.called.fail();
    let (status, body) = json_of(network.rpc(GET).await).await;
    assert_eq!((status.as_u16(), &body["error"]["code"]), (200, &json!(-32603)));
    assert_eq!(body["error"]["data"][0]["reason"], "NOT_RECORDED");
    assert_eq!(body["error"]["data"][0]["metadata"], json!({}), "a peer is told no more");
    let (status, body) = json_of(network.rest("GET", "/tasks/t", empty()).await).await;
    assert_eq!(status, 503);
    assert_eq!(body["error"]["status"], "UNAVAILABLE");
    assert_eq!(network.agent.seen().len(), 1);
    assert_eq!(network.called.outcomes_of(1).await.len(), 1);
}

#[tokio::test]
async fn what_the_calling_end_cannot_put_on_record_does_not_leave() {
    let network = Network::open(Agent::echo().await).await;
    drop(whole(network.rpc(GET).await).await);
    let crossed = network.channel.crossed.load(Ordering::Relaxed);
    network.calling.fail();
    let (_, body) = json_of(network.rpc(GET).await).await;
    let metadata = &body["error"]["data"][0]["metadata"];
    assert_eq!(metadata["code"], "gateway.audit.unrecorded");
    assert_eq!(network.channel.crossed.load(Ordering::Relaxed), crossed);
}

#[tokio::test]
async fn a_denial_is_on_record_with_its_reason_and_without_an_outcome() {
    let cards = r#"permit(principal, action == Action::"card", resource);"#;
    let forbids = r#"permit(principal, action, resource);
        @id("no-cancel") forbid(principal, action == Action::"cancel", resource);"#;
    for (policies, reason, named) in
        [(cards, "no_permit", vec![]), (forbids, "forbidden", vec!["no-cancel"])]
    {
        let network = Network::governed(Agent::echo().await, EVERYTHING, policies).await;
        let cancel = r#"{"jsonrpc":"2.0","id":1,"method":"CancelTask","params":{"id":"t"}}"#;
        let (_, body) = json_of(network.rpc(cancel).await).await;
        assert_eq!(body["error"]["code"], -31403, "{reason}: {body}");
        let operations = network.called.operations();
        assert_eq!(operations.len(), 1);
        let verdict = &operations[0].verdict;
        assert_eq!((verdict.permitted, verdict.reason.as_str()), (false, reason));
        assert_eq!(verdict.policies, named);
        assert_eq!(operations[0].request, Some(payload(cancel.as_bytes())));
        assert!(network.called.outcomes().is_empty());
        assert!(network.agent.seen().is_empty());
    }
}

#[tokio::test]
async fn a_denial_that_cannot_be_put_on_record_is_refused_all_the_same() {
    let cards = r#"permit(principal, action == Action::"card", resource);"#;
    let network = Network::governed(Agent::echo().await, EVERYTHING, cards).await;
    let denied = |body: Value| body["error"]["code"] == -31403;
    assert!(denied(json_of(network.rpc(GET).await).await.1));
    network.called.fail();
    assert!(!denied(json_of(network.rpc(GET).await).await.1));
    assert!(network.agent.seen().is_empty());
}

#[tokio::test]
async fn a_streamed_body_is_on_record_by_what_was_forwarded_of_it() {
    let network = Network::open(Agent::echo().await).await;
    let text = "x".repeat(3 * 1024 * 1024);
    let large = json!({"message": {"messageId": "m", "parts": [{"text": text}]}});
    let large = large.to_string().into_bytes();
    let response = network.rest("POST", "/message:send", full(large.clone())).await;
    let (status, answer) = whole(response).await;
    assert_eq!((status.as_u16(), answer.len()), (202, large.len()));
    for notes in [&network.calling, &network.called] {
        let outcomes = notes.outcomes_of(1).await;
        assert_eq!(notes.operations()[0].request, None);
        assert_eq!(outcomes[0].request, payload(&large));
        assert_eq!(outcomes[0].response, payload(&large));
    }
}

#[tokio::test]
async fn an_agent_that_does_not_answer_is_an_outcome() {
    // Nothing listens on the first port.
    let (inbound, notes) = inbound_noted(([127, 0, 0, 1], 1).into(), EVERYTHING);
    let request = http::Request::builder().uri("/.well-known/agent-card.json").body(empty());
    let peer = Arc::new(planner());
    let response = inbound.call(peer, request.unwrap()).await;
    assert_eq!(response.status(), 503);
    let expected = Ending::Failed { code: "gateway.agent.unreachable".into() };
    assert_eq!(notes.all_outcomes()[0].ending, expected);
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_is_an_outcome() {
    let never: Handler = Arc::new(|_| Box::pin(std::future::pending()));
    let network = Network::open(Agent::new(never).await).await;
    let early = tokio::time::timeout(Duration::from_millis(300), network.rpc(GET)).await;
    assert!(early.is_err());
    for notes in [&network.calling, &network.called] {
        let outcomes = notes.outcomes_of(1).await;
        assert_eq!(outcomes[0].ending, Ending::Cancelled { status: None });
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_outcome() {
    let breaks: Handler = Arc::new(|_| {
        Box::pin(async {
            let (sender, frames) = mpsc::channel(2);
            sender.try_send(Ok(Frame::data("beginning".into()))).unwrap();
            tokio::spawn(async move {
                // Only once the beginning is on its way.
                tokio::time::sleep(Duration::from_millis(100)).await;
                drop(sender.send(Err("broken".into())).await);
            });
            http::Response::new(boxed(Fallible(frames)))
        })
    });
    let network = Network::open(Agent::new(breaks).await).await;
    let response = network.rpc(GET).await;
    assert!(response.into_body().collect().await.is_err());
    let outcomes = network.called.outcomes_of(1).await;
    assert_eq!(outcomes[0].ending, Ending::Broken { status: 200 });
    assert_eq!(outcomes[0].response, payload(b"beginning"));
}

#[tokio::test]
async fn every_operation_that_was_permitted_has_one_outcome() {
    let network = Network::open(Agent::echo().await).await;
    let mut answers = Vec::new();
    for id in 0..20 {
        let body = json!({"jsonrpc": "2.0", "id": id, "method": "GetTask", "params": {"id": "t"}});
        answers.push(network.rpc(body.to_string()));
    }
    for answer in answers {
        let _: Value = json_of(answer.await).await.1;
    }
    for notes in [&network.calling, &network.called] {
        let outcomes = notes.outcomes_of(20).await;
        let mut of: Vec<u64> = outcomes.iter().map(|outcome| outcome.of).collect();
        of.sort_unstable();
        assert_eq!(of, notes.numbers());
    }
}

#[tokio::test]
async fn calls_of_tools_are_on_record_before_their_servers_hear_of_them() {
    let server = Agent::echo().await;
    let network = governed(server, EVERYTHING, "").await;
    let call = modern("tools/call", json!({"name": "add", "arguments": {"a": "secret"}}));
    let headers =
        [("mcp-protocol-version", MODERN), ("mcp-method", "tools/call"), ("mcp-name", "add")];
    drop(whole(post(&network, FAR, &headers, call.to_string()).await).await);
    assert!(network.agent.seen().is_empty(), "the called end denies");
    // The called end is asked what the tool is, and denies that.
    for (notes, name, tool, permitted) in [
        (&network.calling, "tools_call", Some("far/add"), true),
        (&network.called, "tools_list", None, false),
    ] {
        let operations = notes.operations();
        assert_eq!(operations.len(), 1, "{operations:?}");
        let operation = &operations[0];
        assert_eq!((operation.protocol.as_str(), operation.name.as_str()), ("MCP", name));
        assert_eq!(operation.verdict.permitted, permitted);
        assert_eq!(operation.subjects.tool, tool.map(|tool| name_digest("tool", tool)));
        if permitted {
            assert_eq!(operation.request, Some(payload(call.to_string().as_bytes())));
        }
    }
}
