//! Addresses inside certificates are an attacker's words: nothing here follows or repeats one.

use cloister_attestation::verify::{Endorsements, VerifyError, verify};
use cloister_simulator::certificate::{Certificate, Extension};
use const_oid::ObjectIdentifier;

use super::victim::{NOW, snp, snp_guest, tdx, tdx_guest};

const INSIDE: &str = "http://169.254.169.254/latest/meta-data/";

/// CRL distribution points and authority information access, both with the address.
fn lead_inside(certificate: &mut Certificate) {
    for oid in ["2.5.29.31", "1.3.6.1.5.5.7.1.1"] {
        let oid = ObjectIdentifier::new_unwrap(oid);
        certificate.remove_extension(&oid);
        certificate.extensions.push(Extension::new(oid, INSIDE.as_bytes().to_vec()));
    }
}

fn said(error: &VerifyError) -> String {
    format!("{error} {error:?}")
}

#[test]
fn what_is_missing_is_named_at_the_vendors_service_and_never_at_an_address_from_a_certificate() {
    let guest = snp_guest().with_vek_certificate(lead_inside);
    let mut attempt = snp(&guest);
    let Endorsements::Snp(endorsements) = &mut attempt.endorsements else { unreachable!() };
    endorsements.intermediate = None;
    let evidence =
        cloister_attestation::evidence::Evidence::parse(attempt.tee, &attempt.evidence).unwrap();
    let error = verify(evidence, &attempt.endorsements, &attempt.anchors, NOW).unwrap_err();
    assert!(matches!(error, VerifyError::Incomplete { .. }));
    assert!(!said(&error).contains("169.254"), "{}", said(&error));
}

#[test]
fn a_pck_certificate_that_names_an_address_leads_nowhere() {
    let guest = tdx_guest().with_pck_certificate(lead_inside).with_collateral(|parts| {
        parts.pck_crl.clear();
        parts.root_ca_crl.clear();
    });
    let result = tdx_without_lists(&guest);
    assert!(!result.contains("169.254"), "{result}");
}

fn tdx_without_lists(guest: &cloister_simulator::TdxGuest) -> String {
    let mut json: serde_json::Value = serde_json::from_slice(&guest.collateral_json()).unwrap();
    let document = json.as_object_mut().unwrap();
    document.retain(|key, _| key.starts_with("qe_identity"));
    let collateral =
        cloister_attestation::tdx::Collateral::from_json(json.to_string().as_bytes()).unwrap();
    let mut attempt = tdx(&tdx_guest());
    attempt.evidence = guest.quote(&cloister_attestation::bytes::ReportData::new([0; 64]));
    let evidence =
        cloister_attestation::evidence::Evidence::parse(attempt.tee, &attempt.evidence).unwrap();
    let with = Endorsements::Tdx(collateral);
    said(&verify(evidence, &with, &attempt.anchors, NOW).unwrap_err())
}

/// They are read by nobody, so they need not even be well formed.
#[test]
fn an_address_that_nobody_reads_changes_nothing() {
    snp(&snp_guest().with_vek_certificate(lead_inside)).admitted();
    tdx(&tdx_guest().with_pck_certificate(lead_inside)).admitted();
}
