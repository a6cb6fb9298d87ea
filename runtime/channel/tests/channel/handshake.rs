//! TLS handshakes that must not become channels.

use std::sync::Arc;

use cloister_channel::tls::HandshakeError;
use cloister_channel::{Handshake, KeyExchange, client_config, server_config, server_name};
use rustls::crypto::aws_lc_rs::kx_group::{X25519, X25519MLKEM768};
use rustls::pki_types::ServerName;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    ClientConnection, Error, HandshakeKind, NamedGroup, ProtocolVersion, ServerConnection,
};

use crate::adversary::{Mallory, RawKey};
use crate::link::{Link, Still, dialler, listener};
use crate::world::World;

#[test]
fn genuine_runtimes_agree_on_tls13_post_quantum_and_no_tickets() {
    let world = World::new();
    let link = Link::genuine(&world, &world.runtime("a"), &world.runtime("b"));
    assert_eq!(link.client.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    assert_eq!(link.client.tls13_tickets_received(), 0);
    for handshake in [link.client_handshake().unwrap(), link.server_handshake().unwrap()] {
        assert_eq!(handshake.key_exchange(), NamedGroup::X25519MLKEM768);
    }
}

#[test]
fn server_name_says_nothing_about_agent_or_trust_domain() {
    let world = World::new();
    let (a, b) = (world.runtime("a"), world.runtime("b"));
    let name = |client, server| {
        let link = Link::genuine(&world, client, server);
        link.server.server_name().unwrap().to_owned()
    };
    assert_eq!(name(&a, &b), name(&b, &a));
    assert!(!name(&a, &b).contains("example"));
    assert!(matches!(server_name(&world.domain), ServerName::DnsName(_)));
}

#[test]
fn refuses_tls12_at_the_listener() {
    let world = World::new();
    let mut server = ServerConnection::new(listener(&world, &world.runtime("b"))).unwrap();
    server.read_tls(&mut tls12_client_hello().as_slice()).unwrap();
    let refused = server.process_new_packets().unwrap_err();
    assert!(matches!(refused, Error::PeerIncompatible(_)), "{refused:?}");
}

#[test]
fn refuses_tls12_at_the_dialler() {
    let world = World::new();
    let config = dialler(&world, &world.runtime("a"));
    let mut client = ClientConnection::new(config, server_name(&world.domain)).unwrap();
    client.write_tls(&mut Vec::new()).unwrap();
    client.read_tls(&mut tls12_server_hello().as_slice()).unwrap();
    let refused = client.process_new_packets().unwrap_err();
    assert!(
        matches!(refused, Error::PeerIncompatible(_) | Error::PeerMisbehaved(_)),
        "{refused:?}"
    );
}

#[test]
fn refuses_x25519_alone_while_post_quantum_is_required() {
    let world = World::new();
    let (genuine, mallory) = (world.runtime("a"), Mallory::admitted(&world, "m"));
    let classical_client = Arc::new(mallory.client(&[X25519]));
    assert!(Link::new(&world, classical_client, listener(&world, &genuine)).is_err());
    let classical_server = Arc::new(mallory.server(&[X25519]));
    assert!(Link::new(&world, dialler(&world, &genuine), classical_server).is_err());
}

#[test]
fn refuses_a_classical_connection_made_by_a_laxer_configuration() {
    // The configuration of a runtime that prefers post-quantum admits X25519; a session that
    // requires post-quantum refuses what came of it.
    let world = World::new();
    let (genuine, mallory) = (world.runtime("b"), Mallory::admitted(&world, "m"));
    let lax = KeyExchange::PostQuantumPreferred;
    let server = server_config(&genuine, &world.trust(), lax, Arc::new(Still)).unwrap();
    let link = Link::new(&world, Arc::new(mallory.client(&[X25519])), server).unwrap();
    assert_eq!(Handshake::server(&link.server, lax).unwrap().key_exchange(), NamedGroup::X25519);
    let refused = link.server_handshake().unwrap_err();
    assert!(matches!(refused, HandshakeError::KeyExchange { .. }), "{refused:?}");
}

#[test]
fn prefers_post_quantum_where_classical_is_permitted() {
    let world = World::new();
    let (a, b) = (world.runtime("a"), world.runtime("b"));
    let lax = KeyExchange::PostQuantumPreferred;
    let client = client_config(&a, &world.trust(), lax, Arc::new(Still)).unwrap();
    let server = server_config(&b, &world.trust(), lax, Arc::new(Still)).unwrap();
    let link = Link::new(&world, client, server).unwrap();
    assert!(link.server_handshake().is_ok());
}

#[test]
fn a_listener_gives_no_ticket_to_resume_with_and_takes_no_early_data() {
    let world = World::new();
    let (b, mallory) = (world.runtime("b"), Mallory::admitted(&world, "m"));
    let mut client = mallory.client(&[X25519MLKEM768]);
    client.enable_early_data = true;
    let (client, server) = (Arc::new(client), listener(&world, &b));
    for _ in 0..2 {
        let mut link = Link::new(&world, Arc::clone(&client), Arc::clone(&server)).unwrap();
        assert_eq!(link.client.tls13_tickets_received(), 0);
        assert_eq!(link.server.handshake_kind(), Some(HandshakeKind::Full));
        assert!(link.server.early_data().is_none());
        assert!(!link.client.is_early_data_accepted());
    }
}

#[test]
fn a_dialler_resumes_nothing_and_sends_no_early_data() {
    let world = World::new();
    let (a, mallory) = (world.runtime("a"), Mallory::admitted(&world, "m"));
    let mut server = mallory.server(&[X25519MLKEM768]);
    server.max_early_data_size = u32::MAX;
    let (client, server) = (dialler(&world, &a), Arc::new(server));
    for _ in 0..2 {
        let link = Link::new(&world, Arc::clone(&client), Arc::clone(&server)).unwrap();
        assert!(link.client.tls13_tickets_received() > 0, "the adversary offers resumption");
        assert_eq!(link.client.handshake_kind(), Some(HandshakeKind::Full));
    }
    let mut again = ClientConnection::new(client, server_name(&world.domain)).unwrap();
    assert!(again.early_data().is_none());
}

#[test]
fn refuses_a_resumed_connection() {
    let world = World::new();
    let mallory = Mallory::admitted(&world, "m");
    let client = Arc::new(mallory.client(&[X25519MLKEM768]));
    let server = Arc::new(mallory.server(&[X25519MLKEM768]));
    let link = || Link::new(&world, Arc::clone(&client), Arc::clone(&server)).unwrap();
    let (full, resumed) = (link(), link());
    assert!(full.client_handshake().is_ok() && full.server_handshake().is_ok());
    assert_eq!(resumed.client_handshake().unwrap_err(), HandshakeError::Resumed);
    assert_eq!(resumed.server_handshake().unwrap_err(), HandshakeError::Resumed);
}

#[test]
fn refuses_wrong_alpn() {
    let world = World::new();
    let (b, mallory) = (world.runtime("b"), Mallory::admitted(&world, "m"));
    for other in [&b"h2"[..], b"cloister/2", b"cloister/"] {
        let mut client = mallory.client(&[X25519MLKEM768]);
        client.alpn_protocols = vec![other.to_vec()];
        let refused = Link::new(&world, Arc::new(client), listener(&world, &b)).err();
        assert_eq!(refused, Some(Error::NoApplicationProtocol));
    }
}

#[test]
fn refuses_absent_alpn_that_tls_lets_pass() {
    let world = World::new();
    let (genuine, mallory) = (world.runtime("a"), Mallory::admitted(&world, "m"));
    let mut client = mallory.client(&[X25519MLKEM768]);
    client.alpn_protocols = Vec::new();
    let link = Link::new(&world, Arc::new(client), listener(&world, &genuine)).unwrap();
    assert_eq!(link.server_handshake().unwrap_err(), HandshakeError::Alpn);

    let mut server = mallory.server(&[X25519MLKEM768]);
    server.alpn_protocols = Vec::new();
    let link = Link::new(&world, dialler(&world, &genuine), Arc::new(server)).unwrap();
    assert_eq!(link.client_handshake().unwrap_err(), HandshakeError::Alpn);
}

#[test]
fn refuses_a_dialler_without_certificate() {
    let world = World::new();
    let mallory = Mallory::admitted(&world, "m");
    let mut client = mallory.client(&[X25519MLKEM768]);
    client.client_auth_cert_resolver = Arc::new(Nothing);
    let refused = Link::new(&world, Arc::new(client), listener(&world, &world.runtime("b")));
    assert_eq!(refused.err(), Some(Error::NoCertificatesPresented));
}

#[test]
fn refuses_a_certificate_whose_key_the_peer_does_not_hold() {
    let world = World::new();
    let (genuine, mallory) = (world.runtime("a"), Mallory::admitted(&world, "m"));
    let stolen = Mallory::admitted(&world, "victim").certificate;
    let presented = Arc::new(SingleCertAndKey::from(CertifiedKey::new(
        vec![stolen.into()],
        RawKey::new().signing_key(),
    )));
    let mut client = mallory.client(&[X25519MLKEM768]);
    client.client_auth_cert_resolver = presented.clone();
    let refused = Link::new(&world, Arc::new(client), listener(&world, &genuine)).err();
    assert!(matches!(refused, Some(Error::InvalidCertificate(_))), "{refused:?}");
    let mut server = mallory.server(&[X25519MLKEM768]);
    server.cert_resolver = presented;
    let refused = Link::new(&world, dialler(&world, &genuine), Arc::new(server)).err();
    assert!(matches!(refused, Some(Error::InvalidCertificate(_))), "{refused:?}");
}

#[test]
fn refuses_a_connection_that_has_not_finished() {
    let world = World::new();
    let config = dialler(&world, &world.runtime("a"));
    let client = ClientConnection::new(config, server_name(&world.domain)).unwrap();
    let refused = Handshake::client(&client, KeyExchange::PostQuantum).unwrap_err();
    assert_eq!(refused, HandshakeError::Unfinished);
}

/// A resolver that has no certificate to offer.
#[derive(Debug)]
struct Nothing;

impl rustls::client::ResolvesClientCert for Nothing {
    fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// A ClientHello as a TLS 1.2 client sends it: no `supported_versions`.
fn tls12_client_hello() -> Vec<u8> {
    let extensions = [
        // supported_groups: x25519
        &[0, 0x0a, 0, 4, 0, 2, 0, 0x1d][..],
        // signature_algorithms: ecdsa_secp256r1_sha256
        &[0, 0x0d, 0, 4, 0, 2, 4, 3],
        // ALPN: cloister/1
        &[0, 0x10, 0, 13, 0, 11, 10],
        b"cloister/1",
    ]
    .concat();
    // TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, no compression.
    let body = [
        &[3, 3][..],
        &[7; 32],
        &[0, 0, 2, 0xc0, 0x2b, 1, 0],
        &u16::try_from(extensions.len()).unwrap().to_be_bytes(),
        &extensions,
    ]
    .concat();
    handshake_record(1, &body)
}

/// A ServerHello as a TLS 1.2 server sends it.
fn tls12_server_hello() -> Vec<u8> {
    handshake_record(2, &[&[3, 3][..], &[7; 32], &[0, 0xc0, 0x2b, 0]].concat())
}

fn handshake_record(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(body.len()).unwrap().to_be_bytes();
    let message = [&[kind, 0], &len[..], body].concat();
    let len = u16::try_from(message.len()).unwrap().to_be_bytes();
    [&[0x16, 3, 3], &len[..], &message].concat()
}
