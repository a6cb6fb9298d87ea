//! From Evidence with nothing but itself to a verified one.

use std::convert::Infallible;

use cloister_attestation::bytes::ReportData;
use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::evidence::Evidence;
use cloister_attestation::snp::Product;
use cloister_attestation::verify::{Endorsements, verify};
use cloister_endorsements::{Completion, Fetcher};
use cloister_simulator::publisher::{Catalogue, Fault};
use cloister_simulator::snp::VekKind;
use cloister_simulator::{Guest, SnpGuest, TdxGuest};

use crate::world::{NOW, World};

async fn complete(world: &World, fetcher: &Fetcher, guest: impl Into<Guest>) -> Completion {
    let guest = guest.into();
    let evidence =
        Evidence::parse(guest.tee(), &guest.evidence(&ReportData::new([7; 64]))).unwrap();
    let start = Endorsements::none(guest.tee()).unwrap();
    let anchors = world.pki.anchors();
    let verify = |with: Endorsements| {
        let outcome = verify(evidence.clone(), &with, &anchors, NOW);
        async move { Ok::<_, Infallible>(outcome) }
    };
    let Ok(completion) = fetcher.complete(start, NOW, verify).await;
    completion
}

#[tokio::test]
async fn evidence_of_every_kind_is_completed_from_nothing() {
    let world = World::start().await;
    let fetcher = world.fetcher();
    for product in Product::ALL {
        let completion = complete(&world, &fetcher, SnpGuest::new(&world.pki, product)).await;
        let verified = completion.outcome.unwrap();
        assert!(verified.wanted().is_empty() && completion.failures.is_empty());
        assert_eq!(verified.issues().len(), 1, "the CRL");
    }
    let completion = complete(&world, &fetcher, TdxGuest::new(&world.pki)).await;
    assert_eq!(completion.outcome.unwrap().issues().len(), 4, "two documents and two CRLs");
    assert!(completion.failures.is_empty(), "{:?}", completion.failures);
}

#[tokio::test]
async fn a_revoked_intermediate_is_found_by_the_list_that_was_fetched() {
    let world = World::start().await;
    let revoked = |guest: SnpGuest| guest.with_crl(|crl| crl.revoked.push(vec![1, 0, 1]));
    world.publisher.publish(Catalogue::new(&world.pki).with_snp(revoked));
    let guest = SnpGuest::new(&world.pki, Product::Milan);
    let completion = complete(&world, &world.fetcher(), guest).await;
    assert_eq!(completion.outcome.unwrap_err().code().id, "snp.revocation.intermediate");
}

#[tokio::test]
async fn what_cannot_be_had_is_said_with_the_reason() {
    let world = World::start().await;
    world.publisher.misbehave(Fault::Status(500, None));
    let completion = complete(&world, &world.fetcher(), TdxGuest::new(&world.pki)).await;
    assert_eq!(completion.outcome.unwrap_err().code().id, "verify.incomplete");
    assert_eq!(completion.failures.len(), 4);
}

/// AMD hands VLEK certificates to providers alone, so that there is nothing to ask for.
#[tokio::test]
async fn a_vlek_is_not_asked_for() {
    let world = World::start().await;
    let kind = VekKind::Vlek { csp_id: "example".to_owned() };
    let guest = SnpGuest::new(&world.pki, Product::Milan).with_vek(kind);
    let completion = complete(&world, &world.fetcher(), guest).await;
    assert_eq!(completion.outcome.unwrap_err().code().id, "verify.incomplete");
    assert!(world.publisher.requests().is_empty());
}

/// Somebody who makes Evidence up cannot make the Verifier ask Intel for anything.
#[tokio::test]
async fn nothing_is_fetched_for_a_quote_that_nobody_signed() {
    let world = World::start().await;
    let rogue = cloister_simulator::Pki::from_seed("rogue", crate::world::ISSUED);
    let altered = TdxGuest::new(&world.pki).with_qe_report(|qe| qe.report_data[0] ^= 1);
    for guest in [TdxGuest::new(&rogue), altered] {
        let completion = complete(&world, &world.fetcher(), guest).await;
        let code = completion.outcome.unwrap_err().code().id;
        assert!(["tdx.root.key", "tdx.qe_report.binding"].contains(&code), "{code}");
    }
    assert!(world.publisher.requests().is_empty());
}
