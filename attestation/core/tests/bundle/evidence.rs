//! Evidence verified with a bundle and nothing else.

use cloister_attestation::snp::{Product, SigningKey};
use cloister_attestation::tdx::Collateral;
use cloister_attestation::verify::{Endorsements, VerifiedEvidence, VerifyError};
use cloister_simulator::snp::Tcb;
use cloister_simulator::{SnpGuest, TdxGuest};

use super::fleet::{NOW, anchors, fleet, opened, pki, snp, tdx, vlek};

fn missing(outcome: Result<VerifiedEvidence, VerifyError>) -> Vec<String> {
    match outcome {
        Err(VerifyError::Incomplete { missing, .. }) => {
            missing.into_iter().map(|missing| missing.what).collect()
        }
        other => panic!("expected something missing, got {other:?}"),
    }
}

#[test]
fn evidence_of_every_machine_in_it_verifies() {
    let opened = opened(&fleet());
    for (evidence, _) in fleet() {
        let verified = opened.verify(&evidence, &anchors(), NOW).unwrap();
        assert_eq!(verified.digest(), evidence.digest());
    }
}

#[test]
fn a_machine_that_is_not_in_it_is_no_conclusion() {
    let opened = opened(&fleet());
    let other_chip = SnpGuest::new(pki(), Product::Milan)
        .with_chip_id(cloister_attestation::bytes::ChipId::new([9; 64]));
    let other_tcb = SnpGuest::new(pki(), Product::Milan)
        .with_tcb(Tcb { microcode: 220, ..Tcb::current(Product::Milan) });
    let other_fmc = SnpGuest::new(pki(), Product::Turin)
        .with_tcb(Tcb { fmc: 2, ..Tcb::current(Product::Turin) });
    for guest in [other_chip, other_tcb, other_fmc, SnpGuest::new(pki(), Product::Genoa)] {
        let (evidence, _) = snp(&guest);
        assert_eq!(missing(opened.verify(&evidence, &anchors(), NOW)), ["VCEK certificate"]);
    }
    let other_family = TdxGuest::new(pki()).with_pck_fields(|pck| pck.fmspc[0] ^= 1);
    let (evidence, _) = tdx(&other_family);
    let missing = missing(opened.verify(&evidence, &anchors(), NOW));
    assert!(missing.len() == 1 && missing[0].contains("TCB info"), "{missing:?}");
}

#[test]
fn each_absent_document_is_named_and_each_absent_crl_is_wanted() {
    let (evidence, Endorsements::Tdx(whole)) = tdx(&TdxGuest::new(pki())) else { panic!("TDX") };
    let cases = [
        ("TCB info", Collateral { tcb_info: None, ..whole.clone() }),
        ("QE identity", Collateral { qe_identity: None, ..whole.clone() }),
    ];
    for (part, collateral) in cases {
        let opened = opened(&[(evidence.clone(), Endorsements::Tdx(collateral))]);
        let missing = missing(opened.verify(&evidence, &anchors(), NOW));
        assert!(missing.len() == 1 && missing[0].contains(part), "{part}: {missing:?}");
    }
    let cases = [
        ("pckcrl", Collateral { pck_crl: None, ..whole.clone() }),
        ("IntelSGXRootCA", Collateral { root_ca_crl: None, ..whole }),
    ];
    for (part, collateral) in cases {
        let opened = opened(&[(evidence.clone(), Endorsements::Tdx(collateral))]);
        let wanted = opened.verify(&evidence, &anchors(), NOW).unwrap().wanted();
        assert!(wanted.len() == 1 && wanted[0].path().contains(part), "{part}: {wanted:?}");
    }
}

#[test]
fn the_signature_tells_which_provider_of_several_it_was() {
    let providers = ["CN=one.invalid", "CN=two.invalid", "CN=three.invalid"];
    let machines: Vec<_> = providers.iter().map(|name| snp(&vlek(name))).collect();
    let opened = opened(&machines);
    for ((evidence, _), name) in machines.iter().zip(providers) {
        let verified = opened.verify(evidence, &anchors(), NOW).unwrap();
        let VerifiedEvidence::Snp(report) = &verified else { panic!("SNP") };
        assert_eq!(report.report().signing_key(), SigningKey::Vlek);
        assert_eq!(report.provider().map(String::as_str), Some(name));
    }
}

#[test]
fn a_report_of_version_2_is_found_by_its_chip_and_tcb() {
    let guest = SnpGuest::new(pki(), Product::Milan).with_version(2);
    let machines = [fleet(), vec![snp(&guest)]].concat();
    let verified = opened(&machines).verify(&snp(&guest).0, &anchors(), NOW).unwrap();
    assert_eq!(verified.product(), "Milan");
}

#[test]
fn a_bundle_does_not_make_a_changed_report_good() {
    let opened = opened(&fleet());
    let guest =
        SnpGuest::new(pki(), Product::Milan).with_signature_bytes(|signature| signature[0] ^= 1);
    let refused = opened.verify(&snp(&guest).0, &anchors(), NOW);
    assert!(matches!(refused, Err(VerifyError::Refused { .. })), "{refused:?}");
}
