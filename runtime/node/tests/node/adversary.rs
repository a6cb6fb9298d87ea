//! What arrives on the listening port and is not a channel.

use std::sync::Arc;

use cloister_channel::AgentName;
use cloister_channel::session::Session;
use cloister_channel::tls::{Handshake, KeyExchange};
use cloister_node::phase::Phase;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::node::{Image, Node};
use crate::rogue::Rogue;
use crate::world::{World, now};

const HTTP2_PREFACE: &[u8] =
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

/// Everything that the peer says until it closes the connection.
async fn last_words(stream: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut said = Vec::new();
    // However the connection ends, it ends.
    let _end = stream.read_to_end(&mut said).await;
    said
}

/// `node` never opened a channel and its agent heard nothing.
fn assert_untouched(node: &Node) {
    assert_eq!(node.runtime.channels().counts().1, 0);
    assert!(node.agent().seen().is_empty());
}

#[tokio::test]
async fn tls_1_2_is_answered_with_an_alert() {
    let world = World::start().await;
    let b = Node::boot(&world, "bob", &["mallory"]).await;
    let mut stream = TcpStream::connect(b.runtime.addresses().listen).await.unwrap();
    stream.write_all(&client_hello_of_tls_1_2()).await.unwrap();
    // A fatal (2) alert (21), protocol_version (70).
    assert_eq!(last_words(&mut stream).await, [21, 3, 3, 0, 2, 2, 70]);
    assert_untouched(&b);
}

#[tokio::test]
async fn application_bytes_in_place_of_the_proof_end_the_connection() {
    let world = World::start().await;
    let b = Node::boot(&world, "bob", &["mallory"]).await;
    let mallory = Rogue::enrol(&world, "mallory").await;
    let mut stream = mallory.connect(&b).await;
    stream.write_all(HTTP2_PREFACE).await.unwrap();
    assert!(last_words(&mut stream).await.is_empty());
    assert_untouched(&b);
}

#[tokio::test]
async fn application_bytes_behind_the_proof_and_before_the_verdict_end_the_connection() {
    let world = World::start().await;
    let b = Node::boot(&world, "bob", &["mallory"]).await;
    let mallory = Rogue::enrol(&world, "mallory").await;
    let mut stream = mallory.connect(&b).await;
    let proof = proof(&mallory, &stream);
    stream.write_all(&[&proof, HTTP2_PREFACE].concat()).await.unwrap();
    assert!(last_words(&mut stream).await.is_empty());
    assert_untouched(&b);
}

#[tokio::test]
async fn a_proof_from_another_connection_is_refused() {
    let world = World::start().await;
    let b = Node::boot(&world, "bob", &["mallory"]).await;
    let mallory = Rogue::enrol(&world, "mallory").await;
    let other = mallory.connect(&b).await;
    let mut stream = mallory.connect(&b).await;
    stream.write_all(&proof(&mallory, &other)).await.unwrap();
    assert!(last_words(&mut stream).await.is_empty());
    assert_untouched(&b);
}

#[tokio::test]
async fn a_proof_made_for_this_connection_is_answered() {
    let world = World::start().await;
    let b = Node::boot(&world, "bob", &["mallory"]).await;
    let mallory = Rogue::enrol(&world, "mallory").await;
    let mut stream = mallory.connect(&b).await;
    // The counterpart of the tests above: the same bytes on their own connection are good.
    let proof = proof(&mallory, &stream);
    stream.write_all(&proof).await.unwrap();
    let mut length = [0; 4];
    stream.read_exact(&mut length).await.unwrap();
    assert!((1..65_537).contains(&u32::from_be_bytes(length)));
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_hung_up_on() {
    let world = World::start().await;
    let image = Image::admitted(&world, "bob", &["mallory"]).await;
    let b = image.start_with(&world, "limits = { handshake_timeout_ms = 200 }").await;
    b.until(Phase::Admitted).await;
    let mallory = Rogue::enrol(&world, "mallory").await;
    let mut silent = mallory.connect(&b).await;
    assert!(last_words(&mut silent).await.is_empty());
    let mut slower = TcpStream::connect(b.runtime.addresses().listen).await.unwrap();
    assert!(last_words(&mut slower).await.is_empty());
    assert_untouched(&b);
}

/// The session proof that `rogue` makes for `connection`, meant for Bob.
fn proof(rogue: &Rogue, connection: &TlsStream<TcpStream>) -> Vec<u8> {
    let handshake = Handshake::client(connection.get_ref().1, KeyExchange::PostQuantum).unwrap();
    let bob = AgentName::new("bob").unwrap();
    let (local, trust) = (Arc::clone(&rogue.credentials), Arc::clone(&rogue.trust));
    let mut session = Session::initiator(local, trust, handshake, bob, now()).unwrap();
    session.poll_transmit().unwrap()
}

/// SPEC: RFC 5246 section 7.4.1.2: no `supported_versions`, so nothing above TLS 1.2.
fn client_hello_of_tls_1_2() -> Vec<u8> {
    let groups = [0, 10, 0, 4, 0, 2, 0, 29];
    let signatures = [0, 13, 0, 4, 0, 2, 4, 3];
    let extensions = [groups, signatures].concat();
    let mut body = vec![3, 3];
    body.extend_from_slice(&[7; 32]);
    body.extend_from_slice(&[0, 0, 4, 0xc0, 0x2b, 0xc0, 0x2f, 1, 0, 0]);
    body.push(u8::try_from(extensions.len()).unwrap());
    body.extend_from_slice(&extensions);
    let length = u8::try_from(body.len()).unwrap();
    [&[22, 3, 1, 0, length + 4, 1, 0, 0, length], body.as_slice()].concat()
}
