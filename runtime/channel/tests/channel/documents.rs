//! Connections that ask for the attestation document, and chains that are judged after the fact.

use std::sync::Arc;

use cloister_channel::svid::{SvidError, verify_chain};
use cloister_channel::tls::{
    DOCUMENT_EXPORTER_LABEL, EXPORTER_LABEL, HandshakeError, document_client_config,
    document_exporter, document_server_config,
};
use cloister_channel::{Credentials, Handshake, KeyExchange};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ServerConfig};

use crate::link::{Link, Still, dialler, listener};
use crate::world::{NOW, World, at};

fn asking() -> Arc<ClientConfig> {
    document_client_config(Arc::new(Still)).unwrap()
}

fn answering(local: &Credentials) -> Arc<ServerConfig> {
    document_server_config(local, Arc::new(Still)).unwrap()
}

#[test]
fn both_ends_of_one_connection_have_the_value_and_no_other_connection_has_it() {
    let world = World::new();
    let local = world.runtime("translator");
    let links = [0, 1].map(|_| Link::new(&world, asking(), answering(&local)).unwrap());
    let values = links.each_ref().map(|link| {
        let value = document_exporter(&link.client).unwrap();
        assert_eq!(document_exporter(&link.server).unwrap(), value);
        value
    });
    assert_ne!(values[0], values[1]);
}

#[test]
fn evidence_of_a_document_is_not_bound_to_what_session_proofs_are_bound_to() {
    assert_ne!(DOCUMENT_EXPORTER_LABEL, EXPORTER_LABEL);
    let world = World::new();
    let link = Link::new(&world, asking(), answering(&world.runtime("translator"))).unwrap();
    let value = document_exporter(&link.client).unwrap();
    for role in ["initiator", "responder"] {
        let context = Some(role.as_bytes());
        let of_session =
            link.client.export_keying_material([0; 32], EXPORTER_LABEL, context).unwrap();
        assert_ne!(value, of_session, "{role}");
    }
}

#[test]
fn a_connection_that_asks_for_the_document_carries_no_session() {
    let world = World::new();
    let link = Link::new(&world, asking(), answering(&world.runtime("translator"))).unwrap();
    for key_exchange in [KeyExchange::PostQuantum, KeyExchange::PostQuantumPreferred] {
        let server = Handshake::server(&link.server, key_exchange).unwrap_err();
        assert_eq!(server, HandshakeError::Alpn);
        let client = Handshake::client(&link.client, key_exchange).unwrap_err();
        assert_eq!(client, HandshakeError::Alpn);
    }
}

#[test]
fn a_channel_answers_for_no_document() {
    let world = World::new();
    let (a, b) = (world.runtime("planner"), world.runtime("translator"));
    let link = Link::genuine(&world, &a, &b);
    assert_eq!(document_exporter(&link.client).unwrap_err(), HandshakeError::Alpn);
    assert_eq!(document_exporter(&link.server).unwrap_err(), HandshakeError::Alpn);
}

#[test]
fn a_client_without_a_certificate_gets_no_channel_and_a_channel_client_no_document() {
    let world = World::new();
    let (a, b) = (world.runtime("planner"), world.runtime("translator"));
    assert!(Link::new(&world, asking(), listener(&world, &b)).is_err());
    assert!(Link::new(&world, dialler(&world, &a), answering(&b)).is_err());
}

#[test]
fn a_client_that_leaves_the_protocol_out_gets_no_value() {
    let world = World::new();
    let mut client = ClientConfig::clone(&asking());
    client.alpn_protocols.clear();
    let link = Link::new(&world, Arc::new(client), answering(&world.runtime("translator")));
    assert_eq!(document_exporter(&link.unwrap().server).unwrap_err(), HandshakeError::Alpn);
}

fn issuers(world: &World) -> [&[u8]; 1] {
    [world.ca.der().as_ref()]
}

#[test]
fn a_chain_ends_at_a_given_issuer_in_time_or_is_refused() {
    let world = World::new();
    let local = world.runtime("translator");
    let chain = local.certificates();
    let svid = verify_chain(issuers(&world), chain, NOW).unwrap();
    assert_eq!(svid.id(), &local.lease().claims().spiffe_id());

    let other = World::new();
    for (issuers, now) in [
        (issuers(&other).to_vec(), NOW),
        (Vec::new(), NOW),
        (issuers(&world).to_vec(), at(541)),
        (issuers(&world).to_vec(), at(-3600)),
    ] {
        let refused = verify_chain(issuers, chain, now).unwrap_err();
        assert!(matches!(refused, SvidError::Chain(_)), "{refused}");
    }
}

#[test]
fn a_chain_without_leaf_or_with_too_many_certificates_is_refused() {
    let world = World::new();
    let local = world.runtime("translator");
    assert!(verify_chain(issuers(&world), &[], NOW).is_err());
    let many: Vec<CertificateDer<'_>> =
        core::iter::repeat_n(local.certificates()[0].clone(), 5).collect();
    let refused = verify_chain(issuers(&world), &many, NOW).unwrap_err();
    assert!(matches!(refused, SvidError::ChainTooLong { .. }), "{refused}");
    // A certificate that no runtime has: the issuer's own.
    let ca = CertificateDer::from(world.ca.der().to_vec());
    assert!(verify_chain(issuers(&world), &[ca], NOW).is_err());
}
