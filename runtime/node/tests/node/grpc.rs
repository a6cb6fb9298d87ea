//! gRPC between two runtimes, at the place that the card offers.

use bytes::Bytes;
use cloister_audit::record::Payload;
use cloister_audit::{Event, Hash};
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpStream;

use crate::audit::log;
use crate::client::whole;
use crate::node::Node;
use crate::world::World;

/// `SendMessageRequest` with an empty message, in its frame.
const SEND: &[u8] = b"\0\0\0\0\x02\x12\x00";

#[tokio::test]
async fn a_grpc_call_reaches_the_agents_own_port_and_its_status_comes_back() {
    let world = World::start().await;
    let a = Node::boot(&world, "alice", &[]).await;
    let b = Node::boot(&world, "bob", &["alice"]).await;
    let place = offered(&a, "bob").await;
    let door: std::net::SocketAddr = place.parse().unwrap();
    assert!(door.ip().is_loopback());
    assert_ne!(door.ip(), a.runtime.addresses().surface.ip());

    let io = TokioIo::new(TcpStream::connect(door).await.unwrap());
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post(format!("http://{place}/lf.a2a.v1.A2AService/SendMessage"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(Bytes::from_static(SEND)))
        .unwrap();
    let response = client.send_request(request).await.unwrap();
    let answer = response.into_body().collect().await.unwrap();
    assert_eq!(answer.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(answer.to_bytes(), SEND);
    let seen = b.agent().seen().pop().unwrap();
    assert_eq!(
        (&seen["te"], &seen["cloister-peer-agent"]),
        (&"trailers".parse().unwrap(), &"alice".parse().unwrap())
    );
    for node in [&a, &b] {
        let records = log(node).await.0;
        let sent = records.iter().find_map(|record| {
            let Event::Operation(operation) = &record.event else { return None };
            operation.request.filter(|_| operation.binding == "GRPC")
        });
        let sha256 = Hash::of(SEND);
        assert_eq!(sent, Some(Payload { bytes: 7, sha256 }), "{records:?}");
    }
}

/// Where the card of `peer`, as the agent of `node` sees it, offers gRPC.
async fn offered(node: &Node, peer: &str) -> String {
    let surface = node.runtime.addresses().surface;
    let url = format!("http://{surface}/agents/{peer}/.well-known/agent-card.json");
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = Request::get(url).body(Full::new(Bytes::new())).unwrap();
    let (_, card) = whole(client.request(request).await.unwrap()).await;
    let interfaces = card["supportedInterfaces"].as_array().unwrap();
    let grpc = |it: &&Value| it["protocolBinding"] == "GRPC";
    interfaces.iter().find(grpc).unwrap()["url"].as_str().unwrap().to_owned()
}
