use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Egress, serve};
use crate::config::Destination;
use crate::serve::bind;
use crate::testing::audit;

/// A proxy to `declared`, and where it is.
async fn proxy(declared: &[String]) -> (SocketAddr, Arc<crate::audit::AuditLog>) {
    let bound = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let (address, audit) = (bound.address, audit());
    let declared = declared.iter().map(|text| Destination::parse(text).unwrap()).collect();
    let egress = Arc::new(Egress::new(declared, Arc::clone(&audit)));
    tokio::spawn(serve(bound, egress, TaskTracker::new(), CancellationToken::new()));
    (address, audit)
}

async fn asked(proxy: SocketAddr, request: &str) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    (head.split(' ').nth(1).unwrap().to_owned(), stream)
}

fn records(audit: &crate::audit::AuditLog) -> String {
    String::from_utf8_lossy(&audit.excerpt().unwrap()).into_owned()
}

#[tokio::test]
async fn a_declared_destination_is_reached_and_on_record() {
    let outside = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let name = outside.local_addr().unwrap().to_string();
    let (proxy, audit) = proxy(std::slice::from_ref(&name)).await;
    let (status, mut stream) =
        asked(proxy, &format!("CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n\r\n")).await;
    assert_eq!(status, "200");
    let (mut there, _) = outside.accept().await.unwrap();
    stream.write_all(b"ping").await.unwrap();
    let mut heard = [0; 4];
    there.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"ping");
    there.write_all(b"pong").await.unwrap();
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"pong");
    assert!(records(&audit).contains(&name));
    assert!(!records(&audit).contains("fence.egress"));
}

#[tokio::test]
async fn what_is_not_declared_is_refused_and_on_record() {
    let outside = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let name = outside.local_addr().unwrap().to_string();
    let (proxy, audit) = proxy(&["127.0.0.1:1".to_owned()]).await;
    let connect = |to: &str| format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n");
    assert_eq!(asked(proxy, &connect(&name)).await.0, "403");
    assert!(records(&audit).contains("fence.egress.undeclared"));
    // Declared, and nobody is there.
    assert_eq!(asked(proxy, &connect("127.0.0.1:1")).await.0, "502");
    let plain = "GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n";
    assert_eq!(asked(proxy, plain).await.0, "405");
    assert!(records(&audit).contains("fence.egress.request"));
}

#[tokio::test]
async fn a_name_that_leads_into_the_machine_is_refused() {
    let outside = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let name = format!("localhost:{}", outside.local_addr().unwrap().port());
    let (proxy, audit) = proxy(std::slice::from_ref(&name)).await;
    let request = format!("CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n\r\n");
    assert_eq!(asked(proxy, &request).await.0, "403");
    assert!(records(&audit).contains("fence.egress.private"));
}
