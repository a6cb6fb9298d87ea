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
    assert!(!response.headers().contains_key("grpc-accept-encoding"));
    let refused = Refused::new(crate::ScanError::Compressed, Shape::Grpc);
    let response = refused.response(Audience::Peer);
    assert_eq!(response.headers()["grpc-status"], "12");
    // SPEC: gRPC Compression: what the server would have taken instead.
    assert_eq!(response.headers()["grpc-accept-encoding"], "identity");
}

#[test]
fn grpc_details_are_a_status_that_protobuf_readers_read() {
    use base64::Engine as _;
    let response = Refused::new(unreachable(), Shape::Grpc).response(Audience::Peer);
    let details = response.headers()["grpc-status-details-bin"].as_bytes();
    let details = base64::engine::general_purpose::STANDARD_NO_PAD.decode(details).unwrap();
    let info = b"\x0a\x11AGENT_UNAVAILABLE\x12\x08cloister";
    assert!(details.starts_with(b"\x08\x0e\x12"), "{details:?}");
    assert!(details.windows(info.len()).any(|part| part == info), "{details:?}");
    // RetryInfo{Duration{seconds: 1}}, and nothing after it.
    assert!(details.ends_with(b"google.rpc.RetryInfo\x12\x04\x0a\x02\x08\x01"), "{details:?}");
}

#[test]
fn a_grpc_message_is_percent_encoded() {
    let cause = Cause::AgentUnreachable("100 % \u{e9}\r\n".into());
    let response = Refused::new(cause, Shape::Grpc).response(Audience::Local);
    let message = response.headers()["grpc-message"].to_str().unwrap();
    assert!(message.contains("100 %25 %C3%A9%0D%0A"), "{message}");
}

#[tokio::test]
async fn version_0_3_has_its_own_shapes() {
    let (status, told) =
        body(&Refused::new(Cause::Operation, Shape::HttpJson03), Audience::Peer).await;
    assert_eq!((status, &told["type"]), (StatusCode::NOT_FOUND, &"MethodNotFoundError".into()));
    assert_eq!((&told["code"], told["message"].is_string()), (&(-32601).into(), true));
    assert!(told.get("error").is_none());
    let (_, told) =
        body(&Refused::new(Cause::Operation, Shape::JsonRpc03(None)), Audience::Peer).await;
    assert_eq!(told["error"]["data"]["reason"], "OPERATION_NOT_FOUND");
    for (cause, message) in
        [(Cause::NotOwned, "TaskNotFoundError: Task not found."), (Cause::Host, "Not permitted.")]
    {
        let response = Refused::new(cause, Shape::Grpc03).response(Audience::Peer);
        assert_eq!(response.headers()["grpc-message"], message);
    }
}

#[tokio::test]
async fn a_peer_is_told_nothing_about_this_side() {
    for shape in [Shape::HttpJson, Shape::HttpJson03, Shape::JsonRpc(None), Shape::JsonRpc03(None)]
    {
        let refused = Refused::new(unreachable(), shape);
        let (_, told) = body(&refused, Audience::Peer).await;
        let told = told.to_string();
        assert!(!told.contains("9000") && !told.contains("remedy"), "{told}");
        let (_, told) = body(&refused, Audience::Local).await;
        let told = told.to_string();
        assert!(told.contains("9000") && told.contains("remedy"), "{told}");
    }
}
