//! Stopping, starting again, and what the port does not accept.

use std::sync::Arc;

use cloister_api::v1;
use rustls::NamedGroup;
use rustls::crypto::aws_lc_rs::kx_group;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::Code;

use crate::enclave::{Enclave, attest, challenge, ids};
use crate::world::{World, dial};

#[tokio::test]
async fn a_restart_keeps_keys_images_leases_and_revocations() {
    let mut world = World::start().await;
    let enclave = Enclave::boot(&world.pki, "translator");
    let other = Enclave::boot(&world.pki, "asker");
    world.admit(&enclave).await;
    world.admit(&other).await;
    let (lease, token) = (enclave.admitted(&world).await, world.token());
    let spent = other.request(challenge(&world).await);
    attest(&world, spent.clone()).await;
    let pending = challenge(&world).await;
    world.quarantine("asker").await;

    world.restart().await;
    assert_eq!(world.token(), token);
    let bundle = world.bundle().await;
    lease.credentials.lease().recheck(&bundle, world.now()).unwrap();
    assert!(bundle.revocation(&other.identity.instance()).is_some());
    assert_eq!(bundle.sequence(), 1);
    let request = v1::ResolveRequest { agent: "translator".to_owned() };
    let found = world.registry(lease.shown()).resolve(request).await.unwrap();
    assert_eq!(found.into_inner().endpoints.len(), 1);
    let outcome = attest(&world, enclave.request(pending)).await;
    assert!(matches!(outcome, v1::attest_response::Outcome::Admitted(_)), "challenges live on");
    assert_eq!(ids(attest(&world, spent).await), ["challenge.spent"]);
    assert_eq!(other.refused(&world).await, ["agent.quarantined"]);
}

#[tokio::test]
async fn the_address_is_written_where_scripts_find_it() {
    let world = World::start().await;
    let written = std::fs::read_to_string(world.data().join("address")).unwrap();
    assert_eq!(written, format!("{}\n", world.address()));
}

#[tokio::test]
async fn the_key_exchange_is_post_quantum_with_whoever_offers_it() {
    let world = World::start().await;
    for (offered, expected) in [
        (vec![kx_group::X25519MLKEM768, kx_group::X25519], NamedGroup::X25519MLKEM768),
        (vec![kx_group::X25519], NamedGroup::X25519),
    ] {
        let tls = Arc::new(world.tls_with(offered, None));
        let stream = dial(tls, world.address()).await.unwrap();
        let group = stream.get_ref().1.negotiated_key_exchange_group().unwrap();
        assert_eq!(group.name(), expected);
    }
}

/// SPEC: RFC 5246 section 7.4.1.2: a ClientHello of TLS 1.2 without `supported_versions`.
fn client_hello_tls12() -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0xc0, 0x2b, 1, 0]);
    let len = u8::try_from(body.len()).unwrap();
    let handshake = [&[1, 0, 0, len], body.as_slice()].concat();
    let len = u8::try_from(handshake.len()).unwrap();
    [&[22, 3, 1, 0, len], handshake.as_slice()].concat()
}

#[tokio::test]
async fn tls_12_and_plain_text_are_turned_away() {
    let world = World::start().await;
    for greeting in [client_hello_tls12(), b"GET /healthz HTTP/1.1\r\n\r\n".to_vec()] {
        let mut socket = TcpStream::connect(world.address()).await.unwrap();
        socket.write_all(&greeting).await.unwrap();
        let mut answer = Vec::new();
        // The connection may also be reset, which reads as an error.
        let _ = socket.read_to_end(&mut answer).await;
        // A TLS alert, and no handshake message.
        assert_ne!(answer.first(), Some(&22), "{answer:?}");
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_is_closed() {
    let world = World::start().await;
    for protocol in [b"h2".to_vec(), b"http/1.1".to_vec()] {
        let mut tls = world.tls(None);
        tls.alpn_protocols = vec![protocol];
        let mut stream = dial(Arc::new(tls), world.address()).await.unwrap();
        // Ends only because the service hangs up. HTTP/2 sends its settings first.
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said).await;
        assert!(!said.starts_with(b"HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_before_it_is_read() {
    let world = World::start().await;
    let request = v1::AttestRequest { evidence: vec![0; 1024 * 1024], ..Default::default() };
    let refused = world.enrolment().attest(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange);
}
