//! What an agent does to call a peer: plain HTTP to its surface.

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::node::Node;

/// Sends one JSON-RPC call from the agent of `node` to `peer`.
pub(crate) async fn send(node: &Node, peer: &str, method: &str, text: &str) -> Response<Incoming> {
    let surface = node.runtime.addresses().surface;
    let request = Request::post(format!("/agents/{peer}/"))
        .header("host", surface.to_string())
        .header("content-type", "application/json")
        .header("a2a-version", "1.0")
        .header("cloister-peer-agent", "forged")
        .body(Full::new(Bytes::from(call(method, text).to_string())))
        .unwrap();
    exchange(surface, request).await
}

/// Sends a JSON body from the agent of `node` to a path of its surface.
pub(crate) async fn post(
    node: &Node,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Response<Incoming> {
    let surface = node.runtime.addresses().surface;
    let mut request = Request::post(path)
        .header("host", surface.to_string())
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Full::new(Bytes::from(body.to_string()));
    exchange(surface, request.body(body).unwrap()).await
}

/// One JSON-RPC call.
pub(crate) fn call(method: &str, text: &str) -> Value {
    json!({
        "jsonrpc": "2.0", "id": 7, "method": method,
        "params": {"message": {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": text}]}},
    })
}

/// What the operator port of `node` says under `path`.
pub(crate) async fn operator(node: &Node, path: &str) -> (StatusCode, Value) {
    let address = node.runtime.addresses().operator;
    let request = Request::get(path)
        .header("host", address.to_string())
        .body(Full::new(Bytes::new()))
        .unwrap();
    whole(exchange(address, request).await).await
}

/// Status and JSON body; a body that is not JSON reads as null.
pub(crate) async fn whole(response: Response<Incoming>) -> (StatusCode, Value) {
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

/// The text that came back in an echoed message.
pub(crate) fn echoed(answer: &Value) -> Option<&str> {
    answer["result"]["message"]["parts"][0]["text"].as_str()
}

async fn exchange(to: std::net::SocketAddr, request: Request<Full<Bytes>>) -> Response<Incoming> {
    let stream = TcpStream::connect(to).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender.send_request(request).await.unwrap()
}

/// What the operator port of `node` says under `path`, as text.
pub(crate) async fn text(node: &Node, path: &str) -> String {
    String::from_utf8(bytes(node, path).await.to_vec()).unwrap()
}

/// The same as it came.
pub(crate) async fn bytes(node: &Node, path: &str) -> Bytes {
    let address = node.runtime.addresses().operator;
    let request = Request::get(path)
        .header("host", address.to_string())
        .body(Full::new(Bytes::new()))
        .unwrap();
    exchange(address, request).await.into_body().collect().await.unwrap().to_bytes()
}
