//! Streams of a session, and where they go on.

use std::sync::Arc;

use cloister_gateway::{Inbound, ToolServers, empty, full};
use cloister_policy::Subject;
use http::{Request, Response, StatusCode};
use serde_json::json;

use super::server::{LEGACY, legacy, on_loopback, typed};
use crate::agent::Agent;
use crate::network::{EVERYTHING, called, planner, whole};

/// A server whose sessions are named after their number, and whose streams have one event.
async fn streaming() -> Agent {
    let sessions = std::sync::atomic::AtomicUsize::new(0);
    Agent::answering(move |seen| {
        if seen.method == http::Method::GET {
            let session = seen.headers["mcp-session-id"].to_str().unwrap();
            return typed("text/event-stream", format!("id: of-{session}\ndata: \n\n"));
        }
        let number = sessions.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let answer = json!({"jsonrpc": "2.0", "id": 1, "result": {"protocolVersion": LEGACY}});
        let mut response = typed("application/json", answer.to_string());
        response.headers_mut().insert("mcp-session-id", format!("s{number}").parse().unwrap());
        response
    })
    .await
}

async fn begin(inbound: &Inbound, peer: &Subject) -> String {
    let request = Request::post("/tools/calc/mcp")
        .header("content-type", "application/json")
        .body(full(legacy("initialize", json!({})).to_string()));
    let response = inbound.call(Arc::new(peer.clone()), request.unwrap()).await;
    response.headers()["mcp-session-id"].to_str().unwrap().to_owned()
}

async fn stream(
    inbound: &Inbound,
    peer: &Subject,
    session: &str,
    after: &str,
) -> Response<cloister_gateway::Body> {
    let request = Request::get("/tools/calc/mcp")
        .header("mcp-protocol-version", LEGACY)
        .header("mcp-session-id", session)
        .header("last-event-id", after);
    inbound.call(Arc::new(peer.clone()), request.body(empty()).unwrap()).await
}

#[tokio::test]
async fn a_stream_goes_on_after_an_event_of_its_own_session_and_of_no_other() {
    let server = streaming().await;
    let mut options = called(server.address, EVERYTHING);
    options.servers = Arc::new(ToolServers::new([on_loopback("calc", &server, true)]));
    let inbound = Inbound::new(options);
    let (one, other) = (planner(), Subject { instance: "ab".repeat(16), ..planner() });
    let (of_one, of_other) = (begin(&inbound, &one).await, begin(&inbound, &other).await);
    let after = || server.seen().pop().unwrap().headers.get("last-event-id").cloned();
    // Not shown yet.
    whole(stream(&inbound, &one, &of_one, "of-s0").await).await;
    assert_eq!(after(), None);
    whole(stream(&inbound, &one, &of_one, "of-s0").await).await;
    assert_eq!(after().unwrap(), "of-s0");
    // Another's session, and another's event in one's own.
    let (status, _) = whole(stream(&inbound, &other, &of_one, "of-s0").await).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    whole(stream(&inbound, &other, &of_other, "of-s0").await).await;
    assert_eq!(after(), None);
}
