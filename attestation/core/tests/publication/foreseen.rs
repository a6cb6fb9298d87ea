//! What will be asked for can be read off Evidence before anything is verified.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::bytes::ReportData;
use cloister_attestation::evidence::Evidence;
use cloister_attestation::publication::{Need, foreseen};
use cloister_attestation::snp::{Product, SigningKey};
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::{Endorsements, VerifyError, verify};
use cloister_simulator::snp::VekKind;
use cloister_simulator::tdx::PckAuthority;
use cloister_simulator::{Guest, Pki, SnpGuest, TdxGuest};

const NOW: UnixTime = UnixTime::from_secs(1_800_003_600);

fn pki() -> Pki {
    Pki::from_seed("core publications", UnixTime::from_secs(1_800_000_000))
}

fn evidence(guest: impl Into<Guest>) -> Evidence {
    let guest = guest.into();
    Evidence::parse(guest.tee(), &guest.evidence(&ReportData::new([0; 64]))).unwrap()
}

/// What verification asks for when it has nothing.
fn missing(evidence: &Evidence, anchors: &Anchors) -> Vec<Need> {
    let none = Endorsements::none(evidence.tee()).unwrap();
    match verify(evidence.clone(), &none, anchors, NOW) {
        Err(VerifyError::Incomplete { missing, .. }) => {
            missing.into_iter().filter_map(|missing| missing.need).collect()
        }
        outcome => panic!("{outcome:?}"),
    }
}

#[test]
fn everything_that_verification_misses_is_foreseen() {
    let pki = pki();
    let processor = TdxGuest::new(&pki).with_pck_authority(PckAuthority::Processor);
    for evidence in [
        evidence(SnpGuest::new(&pki, Product::Milan)),
        evidence(SnpGuest::new(&pki, Product::Turin)),
        evidence(TdxGuest::new(&pki)),
        evidence(processor),
    ] {
        let foreseen = foreseen(&evidence);
        for need in missing(&evidence, &pki.anchors()) {
            assert!(foreseen.contains(&need), "{need} in {foreseen:?}");
        }
    }
}

#[test]
fn of_a_vlek_the_authorities_and_the_list_are_foreseen() {
    let pki = pki();
    let product = Product::Genoa;
    let kind = VekKind::Vlek { csp_id: "example".to_owned() };
    let guest = SnpGuest::new(&pki, product).with_vek(kind);
    let expected = [Need::AmdChain { product, key: SigningKey::Vlek }, Need::AmdCrl { product }];
    assert_eq!(foreseen(&evidence(guest)), expected);
}

#[test]
fn a_quote_without_a_readable_chain_foresees_what_does_not_depend_on_it() {
    let pki = pki();
    let guest = TdxGuest::new(&pki).with_pck_certificate(|pck| {
        pck.remove_extension(&cloister_simulator::tdx::SGX_EXTENSION);
    });
    let foreseen = foreseen(&evidence(guest));
    assert!(foreseen.iter().all(|need| !matches!(need, Need::TdxTcbInfo { .. })), "{foreseen:?}");
    assert!(foreseen.contains(&Need::IntelRootCrl));
}
