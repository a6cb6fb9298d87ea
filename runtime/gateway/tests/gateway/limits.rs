//! What is over a limit is shed, in the words of its binding, and nobody else's share is touched.

use std::convert::Infallible;

use bytes::Bytes;
use cloister_gateway::{Body, boxed, full};
use http_body::Frame;
use http_body_util::StreamBody;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::network::{EVERYTHING, Network, json_of, whole};

/// The card is free, everything else is within these limits.
pub(crate) fn within(annotations: &str) -> String {
    format!(
        "permit(principal, action == Action::\"card\", resource);
         {annotations} permit(principal, action in [Action::\"get\", Action::\"send\"], resource);"
    )
}

fn get_task() -> String {
    json!({"jsonrpc": "2.0", "id": 7, "method": "GetTask", "params": {"id": "t"}}).to_string()
}

#[tokio::test]
async fn a_peer_over_its_rate_is_told_so_by_json_rpc_and_http() {
    let network =
        Network::governed(Agent::echo().await, EVERYTHING, &within("@rate(\"1/h\")")).await;
    assert_eq!(whole(network.rpc(get_task()).await).await.0, 202);
    let refused = network.rpc(get_task()).await;
    assert_eq!(refused.headers()["retry-after"], "1");
    let (status, body) = json_of(refused).await;
    assert_eq!((status.as_u16(), &body["id"]), (200, &json!(7)));
    assert_eq!(body["error"]["code"], -31429);
    let (status, body) = json_of(network.rest("GET", "/tasks/t", full("")).await).await;
    assert_eq!((status.as_u16(), &body["error"]["status"]), (429, &json!("RESOURCE_EXHAUSTED")));
    assert_eq!(body["error"]["details"][0]["reason"], "TOO_MANY_REQUESTS");
    assert_eq!(body["error"]["details"][0]["metadata"], json!({}), "a peer learns no policy");
    assert_eq!(network.agent.seen().len(), 1);
}

#[tokio::test]
async fn limits_hold_at_the_calling_end_too() {
    let network =
        Network::governed(Agent::echo().await, &within("@rate(\"1/h\")"), EVERYTHING).await;
    assert_eq!(whole(network.rpc(get_task()).await).await.0, 202);
    let (_, body) = json_of(network.rpc(get_task()).await).await;
    let code = &body["error"]["data"][0]["metadata"]["code"];
    assert_eq!(code, &Value::from("gateway.limit.exceeded"));
    assert_eq!(network.agent.seen().len(), 1);
}

#[tokio::test]
async fn a_request_counts_until_its_answer_has_ended() {
    let network =
        Network::governed(Agent::echo().await, EVERYTHING, &within("@concurrency(\"1\")")).await;
    for _ in 0..3 {
        assert_eq!(whole(network.rpc(get_task()).await).await.0, 202);
    }
    let unread = network.rpc(get_task()).await;
    assert_eq!(unread.status(), 202);
    drop(unread);
}

#[tokio::test]
async fn a_message_is_too_large_whether_it_says_so_or_not() {
    let limit = within("@message_bytes(\"200\")");
    let network = Network::governed(Agent::echo().await, EVERYTHING, &limit).await;
    let (small, large) = (message(200), message(201));
    assert_eq!(whole(network.rest("POST", "/message:send", full(small)).await).await.0, 202);
    let (status, body) = json_of(network.rest("POST", "/message:send", full(large)).await).await;
    assert_eq!((status.as_u16(), &body["error"]["status"]), (413, &json!("RESOURCE_EXHAUSTED")));
    let (status, _) = json_of(network.rest("POST", "/message:send", undeclared()).await).await;
    assert_eq!(status.as_u16(), 413);
}

/// A message of this many bytes.
fn message(len: usize) -> String {
    let around = r#"{"message":{"parts":[{"text":""}]}}"#.len();
    let text = "x".repeat(len - around);
    format!(r#"{{"message":{{"parts":[{{"text":"{text}"}}]}}}}"#)
}

/// A message of 201 bytes that does not say how many it has.
fn undeclared() -> Body {
    let message = message(201).into_bytes();
    let chunks: Vec<_> = message
        .chunks(100)
        .map(|it| Ok::<_, Infallible>(Frame::data(Bytes::copy_from_slice(it))))
        .collect();
    boxed(StreamBody::new(futures_util::stream::iter(chunks)))
}
