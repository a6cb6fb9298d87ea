//! What is absent is named; what is wrong comes first.

use cloister_attestation::check::{Check, State};
use cloister_attestation::code::Diagnostic;
use cloister_attestation::tdx::{Collateral, Quote, verify};
use cloister_attestation::verify::{Missing, VerifyError};
use cloister_simulator::TdxGuest;
use cloister_simulator::tdx::PckAuthority;

use super::guest::{NOW, anchors, guest, quote};

const PARTS: [(&[&str], &str); 4] = [
    (
        &["tcb_info", "tcb_info_signature", "tcb_info_issuer_chain"],
        "/tdx/certification/v4/tcb?fmspc=53494d000000&update=standard",
    ),
    (
        &["qe_identity", "qe_identity_signature", "qe_identity_issuer_chain"],
        "/tdx/certification/v4/qe/identity?update=standard",
    ),
    (&["pck_crl"], "/sgx/certification/v4/pckcrl?ca=platform&encoding=der"),
    (&["root_ca_crl"], "/IntelSGXRootCA.der"),
];

fn without(guest: &TdxGuest, fields: &[&str]) -> Collateral {
    let mut json: serde_json::Value = serde_json::from_slice(&guest.collateral_json()).unwrap();
    for field in fields {
        json.as_object_mut().unwrap().remove(*field).unwrap();
    }
    Collateral::from_json(&serde_json::to_vec(&json).unwrap()).unwrap()
}

fn error(guest: &TdxGuest, collateral: &Collateral) -> VerifyError {
    verify(Quote::parse(&quote(guest)).unwrap(), collateral, &anchors(guest), NOW).unwrap_err()
}

fn paths(error: &VerifyError) -> Vec<&str> {
    let VerifyError::Incomplete { missing, .. } = error else { panic!("{error}") };
    missing.iter().map(|Missing { path, .. }| path.as_str()).collect()
}

#[test]
fn each_absent_part_is_named_and_no_other() {
    for (fields, path) in PARTS {
        assert_eq!(paths(&error(&guest(), &without(&guest(), fields))), [path]);
    }
}

/// Revocation that nobody can vouch for is said, not passed over.
#[test]
fn without_a_crl_revocation_is_not_asserted() {
    for (absent, codes) in
        [(3, &["tdx.tcb_signer.revoked", "tdx.pck.revoked"][..]), (2, &["tdx.pck.revoked"])]
    {
        let error = error(&guest(), &without(&guest(), PARTS[absent].0));
        for code in codes {
            let open = |check: &Check| check.code.id == *code && check.state == State::NotAsserted;
            assert!(error.checks().iter().any(open), "{code} without {:?}", PARTS[absent].0);
        }
    }
}

#[test]
fn without_any_collateral_everything_is_named() {
    assert_eq!(paths(&error(&guest(), &Collateral::none())), PARTS.map(|(_, path)| path));
}

#[test]
fn the_crl_of_the_other_authority_has_another_path() {
    let guest = guest().with_pck_authority(PckAuthority::Processor);
    let error = error(&guest, &without(&guest, &["pck_crl"]));
    assert_eq!(paths(&error), ["/sgx/certification/v4/pckcrl?ca=processor&encoding=der"]);
}

#[test]
fn parts_of_a_document_do_not_come_alone() {
    let mut json: serde_json::Value = serde_json::from_slice(&guest().collateral_json()).unwrap();
    json.as_object_mut().unwrap().remove("tcb_info_signature").unwrap();
    assert!(Collateral::from_json(&serde_json::to_vec(&json).unwrap()).is_err());
}

#[test]
fn what_is_wrong_is_never_hidden_by_what_is_missing() {
    let wrong = [
        (guest().with_td_fields(|td| td.mr_signer_seam[0] = 1), "tdx.module.mr_signer_seam", 1),
        (guest().with_td_fields(|td| td.tee_tcb_svn[2] = 0), "tdx.tcb.level", 1),
        (guest().with_tcb_info(|info| info.fmspc = "000000000000".into()), "tdx.tcb_info.fmspc", 1),
        (guest().with_qe_report(|qe| qe.isv_prod_id = 1), "tdx.qe_report.identity", 0),
        (guest().with_qe_report(|qe| qe.attributes[0] |= 2), "tdx.qe_report.debug", 1),
        (guest().with_qe_report(|qe| qe.report_data[0] ^= 1), "tdx.qe_report.binding", 0),
        (
            guest().with_pck_certificate(|c| {
                c.not_after = NOW.minus(core::time::Duration::from_secs(1))
            }),
            "tdx.pck.validity",
            0,
        ),
    ];
    for (guest, code, absent) in wrong {
        for fields in [PARTS[absent].0, PARTS[2].0, PARTS[3].0] {
            assert_eq!(
                error(&guest, &without(&guest, fields)).code().id,
                code,
                "without {fields:?}"
            );
        }
    }
}

#[test]
fn every_step_that_could_be_taken_is_in_the_answer() {
    let error = error(&guest(), &Collateral::none());
    let taken: Vec<&str> = error.checks().iter().map(|check| check.code.id).collect();
    for id in [
        "tdx.root.key",
        "tdx.pck.chain",
        "tdx.pck.extension",
        "tdx.quote.signature",
        "tdx.qe_report.debug",
    ] {
        assert!(taken.contains(&id), "{id}");
    }
    assert!(error.checks().iter().all(|check| !check.failed()));
}

#[test]
fn half_a_document_is_refused_and_not_taken_for_absent() {
    let error = Collateral::from_json(br#"{"tcb_info":"{}"}"#).unwrap_err();
    assert_eq!(error.code().id, "tdx.collateral.malformed");
}
