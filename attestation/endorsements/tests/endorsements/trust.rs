//! What is believed: the document that was asked for, signed up to the pin, and nothing else.

use std::error::Error as _;
use std::time::Duration;

use cloister_attestation::anchor::Anchors;
use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::publication::{Need, PckCa};
use cloister_attestation::snp::Product;
use cloister_endorsements::{FetchError, Fetcher, MemoryStore};
use cloister_simulator::Pki;
use cloister_simulator::publisher::{Catalogue, Fault};
use cloister_simulator::snp::extension;
use std::sync::Arc;

use crate::world::{CRL, ISSUED, NOW, QE_IDENTITY, World, failed, fetched, vcek};

/// The code of what was wrong with a refused document.
async fn cause(world: &World, need: Need) -> &'static str {
    let error = failed(&world.fetcher(), need, NOW).await;
    assert!(error.source().is_some(), "{error}");
    let FetchError::Refused { source, .. } = error else { panic!("{error}") };
    source.code().id
}

/// Attack 10: a key distribution service that presents a root of its own.
#[tokio::test]
async fn a_rogue_root_is_refused_for_every_document() {
    let world = World::start().await;
    world.publisher.publish(Catalogue::new(&Pki::from_seed("rogue", ISSUED)));
    let milan = vcek(&world.pki, Product::Milan);
    for need in [milan, CRL, Need::AmdCrl { product: Product::Turin }] {
        assert_eq!(cause(&world, need).await, "publication.root", "{need}");
    }
    for need in [QE_IDENTITY, Need::IntelRootCrl] {
        assert_eq!(cause(&world, need).await, "tdx.root.key", "{need}");
    }
    assert_eq!(cause(&world, Need::PckCrl { ca: PckCa::Platform }).await, "publication.root");
}

#[tokio::test]
async fn simulated_documents_are_refused_where_the_vendors_are_pinned() {
    let world = World::start().await;
    let store = Arc::new(MemoryStore::default());
    let fetcher = Fetcher::new(world.settings(), Anchors::vendor(), store).unwrap();
    for need in [vcek(&world.pki, Product::Milan), CRL, QE_IDENTITY, Need::IntelRootCrl] {
        let error = failed(&fetcher, need, NOW).await;
        assert_eq!(error.code().id, "fetch.refused", "{need}");
    }
    assert_eq!(world.asked("/vcek/v1/Milan/cert_chain"), 0, "the authorities are built in");
}

/// Attack 27: answers under the wrong key, as a careless mirror gives them.
#[tokio::test]
async fn a_genuine_document_that_was_not_asked_for_is_refused() {
    let world = World::start().await;
    let asked = vcek(&world.pki, Product::Milan);
    let lower = |guest: cloister_simulator::SnpGuest| {
        let mut tcb = cloister_simulator::snp::Tcb::current(guest.product());
        tcb.microcode -= 1;
        guest.with_tcb(tcb)
    };
    world.publisher.publish(Catalogue::new(&world.pki).with_snp(lower));
    assert_eq!(cause(&world, asked).await, "publication.other");
    let chip = |guest: cloister_simulator::SnpGuest| {
        guest.with_chip_id(cloister_attestation::bytes::ChipId::new([9; 64]))
    };
    world.publisher.publish(Catalogue::new(&world.pki).with_snp(chip));
    assert_eq!(cause(&world, asked).await, "publication.other");
    let family = |guest: cloister_simulator::TdxGuest| {
        guest.with_tcb_info(|info| info.fmspc = "000000000000".to_owned())
    };
    world.publisher.publish(Catalogue::new(&world.pki).with_tdx(family));
    let fmspc = cloister_attestation::bytes::Fmspc::new(*b"SIM\0\0\0");
    let need =
        Need::TdxTcbInfo { fmspc, update: cloister_attestation::publication::TcbUpdate::Standard };
    assert_eq!(cause(&world, need).await, "publication.other");
}

#[tokio::test]
async fn a_missing_extension_a_stale_list_and_a_future_one_are_refused() {
    let world = World::start().await;
    let without = |guest: cloister_simulator::SnpGuest| {
        guest.with_vek_certificate(|vek| vek.remove_extension(&extension::HW_ID))
    };
    world.publisher.publish(Catalogue::new(&world.pki).with_snp(without));
    let need = vcek(&world.pki, Product::Milan);
    assert_eq!(cause(&world, need).await, "snp.leaf.extensions");
    let second = Duration::from_secs(1);
    let stale = move |guest: cloister_simulator::SnpGuest| {
        guest.with_crl(move |crl| crl.next_update = NOW.minus(second))
    };
    world.publisher.publish(Catalogue::new(&world.pki).with_snp(stale));
    assert_eq!(cause(&world, CRL).await, "x509.expired");
    let future = move |guest: cloister_simulator::SnpGuest| {
        guest.with_crl(move |crl| crl.this_update = NOW.plus(second))
    };
    world.publisher.publish(Catalogue::new(&world.pki).with_snp(future));
    assert_eq!(cause(&world, CRL).await, "x509.not_yet_valid");
}

/// Attack 27: a poisoned answer is thrown away, and what is kept stays in use.
#[tokio::test]
async fn a_poisoned_answer_never_replaces_a_good_one() {
    let world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut settings = world.settings();
    settings.refresh_interval = Duration::ZERO;
    let fetcher = world.fetcher_on(folder.path(), settings.clone());
    let kept = fetched(&fetcher, QE_IDENTITY, NOW).await;
    let body = Catalogue::new(&world.pki).find(&QE_IDENTITY.path()).unwrap().body;
    let raised = String::from_utf8(body).unwrap().replace("\"version\":2", "\"version\":3");
    for poison in [raised.into_bytes(), b"{}".to_vec(), Vec::new(), vec![0xff; 4096]] {
        world.publisher.misbehave(Fault::Poisoned(poison));
        assert_eq!(fetched(&fetcher, QE_IDENTITY, NOW).await, kept);
        let restarted = world.fetcher_on(folder.path(), cloister_endorsements::Settings::offline());
        assert_eq!(fetched(&restarted, QE_IDENTITY, NOW).await, kept);
    }
    assert_eq!(fetcher.tally().failures["fetch.refused"], 1, "then it is not asked for a while");
}

#[tokio::test]
async fn what_is_not_the_documented_form_is_refused() {
    let world = World::start().await;
    let poisons: [(Need, Vec<u8>, &str); 5] = [
        (CRL, b"<html>".to_vec(), "x509.malformed"),
        (
            Need::AmdChain {
                product: Product::Milan,
                key: cloister_attestation::snp::SigningKey::Vcek,
            },
            b"-----BEGIN".to_vec(),
            "x509.pem",
        ),
        (
            QE_IDENTITY,
            b"{\"enclaveIdentity\":{},\"signature\":\"00\"}".to_vec(),
            "publication.format",
        ),
        (
            QE_IDENTITY,
            b"{\"enclaveIdentity\":{},\"signature\":\"\",\"more\":1}".to_vec(),
            "publication.format",
        ),
        (Need::PckCrl { ca: PckCa::Platform }, Vec::new(), "x509.malformed"),
    ];
    let fetcher = world.fetcher();
    fetched(&fetcher, vcek(&world.pki, Product::Milan), NOW).await;
    for (need, poison, code) in poisons {
        world.publisher.misbehave(None);
        let fetcher = world.fetcher();
        if let Some(authority) = need.authority(&world.pki.anchors()) {
            fetched(&fetcher, authority, NOW).await;
        }
        world.publisher.misbehave(Fault::Poisoned(poison));
        let FetchError::Refused { source, .. } = failed(&fetcher, need, NOW).await else {
            panic!()
        };
        assert_eq!(source.code().id, code, "{need}");
    }
}

/// Attack 28: certificates carry addresses of CRLs. Only configured hosts are ever asked, and only
/// for paths that follow from what is needed.
#[tokio::test]
async fn addresses_inside_certificates_are_never_asked() {
    let world = World::start().await;
    let url = format!("{}/attacker/crl", world.publisher.url());
    let asn1 = |value: &str| {
        use cloister_simulator::asn1;
        let uri = asn1::implicit(6, value.as_bytes());
        let name = asn1::explicit(0, &asn1::explicit(0, &uri));
        asn1::sequence([asn1::sequence([name])])
    };
    let distribution = asn1(&url);
    let crl_distribution = const_oid();
    let changed = {
        let value = distribution.clone();
        move |guest: cloister_simulator::SnpGuest| {
            let (for_root, for_ask) = (value.clone(), value.clone());
            guest
                .with_root(move |c| c.replace_extension(&crl_distribution, &for_root))
                .with_intermediate(move |c| c.replace_extension(&crl_distribution, &for_ask))
        }
    };
    world.publisher.publish(Catalogue::new(&world.pki).with_snp(changed));
    let fetcher = world.fetcher();
    fetched(&fetcher, vcek(&world.pki, Product::Milan), NOW).await;
    fetched(&fetcher, CRL, NOW).await;
    let asked = world.publisher.requests();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert_eq!(world.asked("/attacker"), 0);
}

/// `cRLDistributionPoints`.
fn const_oid() -> const_oid::ObjectIdentifier {
    const_oid::ObjectIdentifier::new_unwrap("2.5.29.31")
}
