use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Audience, Refused, Shape};
use crate::error::Cause;

fn unreachable() -> Cause {
    Cause::AgentUnreachable("connection refused at 127.0.0.1:9000".into())
}

async fn body(refused: &Refused, audience: Audience) -> (StatusCode, Value) {
    let response = refused.response(audience);
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn json_rpc_answers_under_the_id_that_was_sent() {
    let id = RawValue::from_string("\"a\\u00e9\"".into()).unwrap();
    let refused = Refused::new(Cause::Operation, Shape::JsonRpc(Some(id)));
    let (status, body) = body(&refused, Audience::Local).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["jsonrpc"], "2.0");
    assert_eq!(body["id"], "aé");
    assert_eq!(body["error"]["code"], -32601);
    assert_eq!(body["error"]["data"][0]["metadata"]["code"], "gateway.request.operation");
}

#[tokio::test]
async fn http_json_answers_with_a_status_and_a_retry_hint() {
    let refused = Refused::new(unreachable(), Shape::HttpJson);
    assert_eq!(refused.response(Audience::Peer).headers()["retry-after"], "1");
    let (status, body) = body(&refused, Audience::Peer).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body["error"]["code"], 503);
    assert_eq!(body["error"]["status"], "UNAVAILABLE");
    assert_eq!(body["error"]["details"][1]["retryDelay"], "1s");
}

#[tokio::test]
async fn grpc_answers_with_trailers_only() {
    let response = Refused::new(Cause::Binding, Shape::Grpc).response(Audience::Peer);
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    assert_eq!(response.headers()["grpc-status"], "12");
}

#[tokio::test]
async fn a_peer_is_told_nothing_about_this_side() {
    for shape in [Shape::HttpJson, Shape::JsonRpc(None)] {
        let refused = Refused::new(unreachable(), shape);
        let (_, told) = body(&refused, Audience::Peer).await;
        let told = told.to_string();
        assert!(!told.contains("9000") && !told.contains("remedy"), "{told}");
        let (_, told) = body(&refused, Audience::Local).await;
        let told = told.to_string();
        assert!(told.contains("9000") && told.contains("remedy"), "{told}");
    }
}
