//! Certificates that must be refused, by the parser and inside both TLS handshakes.

use std::sync::Arc;

use cloister_channel::Svid;
use cloister_channel::limits::{EXTENSION_BYTES_MAX, INTERMEDIATES_MAX};
use cloister_channel::svid::{SvidError, lease_extension};
use rcgen::{BasicConstraints, CertificateParams, CustomExtension, IsCa, KeyUsagePurpose};
use rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{CertificateError, Error};

use crate::adversary::Mallory;
use crate::link::{Link, dialler, listener};
use crate::world::{World, at, extension, leaf, set_dates, uri};

/// What both ends say about a chain that the adversary presents with the right key.
fn in_tls(world: &World, mallory: &Mallory, chain: &[Vec<u8>]) -> [Option<SvidError>; 2] {
    let genuine = world.runtime("a");
    let chain = chain.iter().cloned().map(CertificateDer::from).collect();
    let presented =
        Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, mallory.channel.signing_key())));
    let mut client = mallory.client(&[X25519MLKEM768]);
    client.client_auth_cert_resolver = presented.clone();
    let mut server = mallory.server(&[X25519MLKEM768]);
    server.cert_resolver = presented;
    [
        reason(Link::new(world, Arc::new(client), listener(world, &genuine))),
        reason(Link::new(world, dialler(world, &genuine), Arc::new(server))),
    ]
}

fn reason(outcome: Result<Link, Error>) -> Option<SvidError> {
    let error = outcome.err()?;
    let Error::InvalidCertificate(CertificateError::Other(other)) = &error else {
        panic!("refused for another reason: {error:?}");
    };
    Some(other.0.downcast_ref::<SvidError>().unwrap().clone())
}

/// A leaf that differs in one thing, as the parser and both ends judge it.
fn refused(change: impl FnOnce(&mut CertificateParams)) -> [SvidError; 3] {
    let world = World::new();
    let mallory = Mallory::admitted(&world, "m");
    let mut params = leaf(&mallory.claims, &mallory.lease);
    change(&mut params);
    let certificate = world.issue(&params, &mallory.channel.public);
    let parsed = Svid::parse(&certificate).unwrap_err();
    let [listening, dialling] = in_tls(&world, &mallory, &[certificate]);
    [parsed, listening.unwrap(), dialling.unwrap()]
}

/// The same, for what only the chain shows.
fn refused_chain(change: impl FnOnce(&mut CertificateParams)) -> [webpki::Error; 2] {
    let world = World::new();
    let mallory = Mallory::admitted(&world, "m");
    let mut params = leaf(&mallory.claims, &mallory.lease);
    change(&mut params);
    let certificate = world.issue(&params, &mallory.channel.public);
    in_tls(&world, &mallory, &[certificate]).map(|reason| match reason {
        Some(SvidError::Chain(error)) => error,
        other => panic!("refused for another reason: {other:?}"),
    })
}

#[test]
fn accepts_the_certificate_that_a_verifier_issues() {
    let world = World::new();
    let mallory = Mallory::admitted(&world, "m");
    let svid = Svid::parse(&mallory.certificate).unwrap();
    assert_eq!(svid.lease(), mallory.lease);
    assert_eq!(svid.key(), &mallory.channel.public);
    assert_eq!(svid.id(), &mallory.claims.spiffe_id());
    let chain = [mallory.certificate.clone(), world.ca.der().to_vec()];
    assert_eq!(in_tls(&world, &mallory, &chain[..1]), [None, None]);
    assert_eq!(in_tls(&world, &mallory, &chain), [None, None]);
}

#[test]
fn refuses_certificate_without_cmw_extension() {
    let found = refused(|params| params.custom_extensions.clear());
    assert_eq!(found, [SvidError::NoExtension, SvidError::NoExtension, SvidError::NoExtension]);
}

#[test]
fn refuses_a_lease_in_an_intermediate_and_none_in_the_leaf() {
    let world = World::new();
    let mallory = Mallory::admitted(&world, "m");
    let mut bare = leaf(&mallory.claims, &mallory.lease);
    let carried = core::mem::take(&mut bare.custom_extensions);
    let bare = world.issue(&bare, &mallory.channel.public);
    let mut intermediate = CertificateParams::default();
    intermediate.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    intermediate.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    intermediate.custom_extensions = carried;
    let intermediate = world.issue(&intermediate, &mallory.channel.public);
    let found = in_tls(&world, &mallory, &[bare, intermediate]);
    assert_eq!(found, [Some(SvidError::NoExtension), Some(SvidError::NoExtension)]);
}

#[test]
fn refuses_a_lease_under_another_oid() {
    // The TCG's extension for the same kind of content, and the neighbour of the right one.
    let others: [&[u64]; 2] = [&[2, 23, 133, 5, 4, 9], &[1, 3, 6, 1, 5, 5, 7, 1, 34]];
    for other in others {
        let found = refused(|params| {
            let content = params.custom_extensions[0].content().to_vec();
            params.custom_extensions = vec![CustomExtension::from_oid_content(other, content)];
        });
        assert_eq!(found, [SvidError::NoExtension, SvidError::NoExtension, SvidError::NoExtension]);
    }
}

#[test]
fn refuses_certificate_with_two_cmw_extensions() {
    let found = refused(|params| {
        let again = params.custom_extensions[0].clone();
        params.custom_extensions.push(again);
    });
    let expected = SvidError::TwoExtensions;
    assert_eq!(found, [expected.clone(), expected.clone(), expected]);
}

#[test]
fn refuses_certificate_with_an_oversized_cmw_extension() {
    let found = refused(|params| {
        params.custom_extensions =
            vec![extension(lease_extension(&[0; EXTENSION_BYTES_MAX]).unwrap())];
    });
    for error in found {
        assert!(matches!(error, SvidError::ExtensionTooLong { .. }), "{error:?}");
    }
    let found = refused(|params| {
        params.custom_extensions = vec![extension(lease_extension(&[0; 40_000]).unwrap())];
    });
    for error in found {
        assert!(matches!(error, SvidError::Malformed { .. }), "{error:?}");
    }
}

#[test]
fn refuses_a_critical_cmw_extension() {
    let found = refused(|params| params.custom_extensions[0].set_criticality(true));
    assert_eq!(found, [SvidError::Critical, SvidError::Critical, SvidError::Critical]);
}

#[test]
fn refuses_a_cmw_extension_that_does_not_hold_one_lease() {
    let good = lease_extension(b"lease").unwrap();
    let other_type = {
        let at = good.windows(3).position(|w| w == b"eat").unwrap();
        [&good[..at], b"eaT", &good[at + 3..]].concat()
    };
    let marked_as_evidence = [&good[..good.len() - 1], &[4]].concat();
    let trailing = [good.as_slice(), &[0]].concat();
    // The JSON choice of CMW, nothing, and a lease without its record.
    let json = [&[0x0c, 2], &b"[]"[..]].concat();
    // The same record in longer forms: of its array header, and of its last element.
    let record = &good[2..];
    let octets = |head: &[u8], rest: &[u8]| {
        let len = u8::try_from(head.len() + rest.len()).unwrap();
        [&[4, len], head, rest].concat()
    };
    assert_eq!(octets(&record[..1], &record[1..]), good);
    let long_array = octets(&[0x98, 3], &record[1..]);
    let long_mark = octets(&record[..record.len() - 1], &[0x18, 8]);
    let bad = [
        other_type,
        marked_as_evidence,
        trailing,
        json,
        long_array,
        long_mark,
        Vec::new(),
        b"lease".to_vec(),
    ];
    for content in bad {
        for error in refused(|params| params.custom_extensions = vec![extension(content.clone())]) {
            assert!(matches!(error, SvidError::Extension { .. }), "{content:02x?}: {error:?}");
        }
    }
}

#[test]
fn refuses_certificates_that_do_not_name_exactly_one_agent_instance() {
    let id = "spiffe://example.org/agent/m/00112233445566778899aabbccddeeff";
    let dns = rcgen::SanType::DnsName(rcgen::string::Ia5String::try_from("m.example").unwrap());
    let bad = [
        vec![uri(id), uri(id)],
        vec![uri(id), dns.clone()],
        vec![dns],
        vec![uri("https://example.org/agent/m")],
        vec![uri("spiffe://example.org/agent/m")],
        Vec::new(),
    ];
    for names in bad {
        for error in refused(|params| params.subject_alt_names.clone_from(&names)) {
            assert_eq!(error, SvidError::NotOneName, "{names:?}");
        }
    }
}

#[test]
fn refuses_certificates_that_are_more_or_less_than_a_leaf_for_signatures() {
    use KeyUsagePurpose::{CrlSign, DigitalSignature, KeyAgreement, KeyCertSign};
    for usages in [
        vec![],
        vec![KeyAgreement],
        vec![DigitalSignature, KeyCertSign],
        vec![DigitalSignature, CrlSign],
    ] {
        for error in refused(|params| params.key_usages.clone_from(&usages)) {
            assert_eq!(error, SvidError::Usage, "{usages:?}");
        }
    }
    let ca = refused(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    assert_eq!(ca, [SvidError::Usage, SvidError::Usage, SvidError::Usage]);
}

#[test]
fn refuses_a_certificate_of_another_trust_domain() {
    let world = World::new();
    let mallory = Mallory::admitted(&world, "m");
    let mut params = leaf(&mallory.claims, &mallory.lease);
    let foreign = "spiffe://example.net/agent/m/00112233445566778899aabbccddeeff";
    params.subject_alt_names = vec![uri(foreign)];
    let certificate = world.issue(&params, &mallory.channel.public);
    for reason in in_tls(&world, &mallory, &[certificate]) {
        assert!(matches!(reason, Some(SvidError::Name { .. })), "{reason:?}");
    }
}

#[test]
fn refuses_expired_and_not_yet_valid_certificates() {
    for error in refused_chain(|params| set_dates(params, at(-600), at(-1))) {
        assert!(matches!(error, webpki::Error::CertExpired { .. }), "{error:?}");
    }
    for error in refused_chain(|params| set_dates(params, at(1), at(600))) {
        assert!(matches!(error, webpki::Error::CertNotValidYet { .. }), "{error:?}");
    }
}

#[test]
fn refuses_certificates_of_an_unknown_issuer() {
    let (world, stranger) = (World::new(), World::new());
    let mallory = Mallory::admitted(&stranger, "m");
    // Alone, and with the stranger's own CA certificate offered along.
    let alone = vec![mallory.certificate.clone()];
    let along = vec![mallory.certificate.clone(), stranger.ca.der().to_vec()];
    for chain in [alone, along] {
        for reason in in_tls(&world, &mallory, &chain) {
            assert!(matches!(reason, Some(SvidError::Chain(_))), "{reason:?}");
        }
    }
}

#[test]
fn refuses_a_flood_of_intermediates() {
    let world = World::new();
    let mallory = Mallory::admitted(&world, "m");
    let mut chain = vec![mallory.certificate.clone()];
    chain.extend(std::iter::repeat_n(world.ca.der().to_vec(), INTERMEDIATES_MAX + 1));
    for reason in in_tls(&world, &mallory, &chain) {
        assert!(matches!(reason, Some(SvidError::ChainTooLong { .. })), "{reason:?}");
    }
}
