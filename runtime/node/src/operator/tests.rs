use std::sync::Arc;

use cloister_channel::tls::KeyExchange;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt as _;

use super::Operator;
use crate::channels::{ChannelTable, PeerTable};
use crate::clock::Clock;
use crate::config::Limits;
use crate::loopback::Loopback;
use crate::state::State;
use crate::supervisor::Board;

fn operator() -> Operator {
    let channels = Arc::new(ChannelTable::new(1));
    let state = State::new(
        Arc::new(Clock::default()),
        KeyExchange::PostQuantum,
        channels,
        crate::testing::audit(),
    );
    let peers = PeerTable::new(&Limits::default(), Arc::clone(state.events()));
    let board = Arc::new(Board::default());
    // Nothing listens on the discard port.
    let beside = ((([127, 0, 0, 1], 9).into(), Loopback::Shared), Arc::default());
    Operator::new(&Arc::new(state), Arc::new(peers), &board, beside)
}

async fn ask(method: Method, path: &str) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri(path).body(()).unwrap();
    let response = operator().answer(&request).await;
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_runtime_without_lease_is_alive_and_not_ready() {
    assert_eq!(ask(Method::GET, "/healthz").await.0, StatusCode::OK);
    let (status, body) = ask(Method::GET, "/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["phase"], "enrolling");
    assert_eq!(ask(Method::GET, "/v1/lease").await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(Method::GET, "/v1/lease.jwt").await.0, StatusCode::NOT_FOUND);
    for list in ["/v1/channels", "/v1/tools"] {
        assert_eq!(ask(Method::GET, list).await, (StatusCode::OK, "[]".to_owned()));
    }
}

#[tokio::test]
async fn metrics_show_the_phase() {
    let (status, body) = ask(Method::GET, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    assert!(body.contains("cloisterd_phase{phase=\"enrolling\"} 1\n"), "{body}");
}

#[tokio::test]
async fn nothing_can_be_changed_through_it() {
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::CONNECT] {
        assert_eq!(ask(method, "/v1/channels").await.0, StatusCode::METHOD_NOT_ALLOWED);
    }
    assert_eq!(ask(Method::GET, "/v1/other").await.0, StatusCode::NOT_FOUND);
}
