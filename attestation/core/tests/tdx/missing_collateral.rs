//! What is absent is named; what is wrong comes first.

use cloister_attestation::check::{Check, State};
use cloister_attestation::code::Diagnostic;
use cloister_attestation::revocation::{Revocation, RevocationDemand};
use cloister_attestation::tdx::{Collateral, Quote, TdxPolicy, VerifiedQuote, verify};
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

fn verified(guest: &TdxGuest, collateral: &Collateral) -> VerifiedQuote {
    verify(Quote::parse(&quote(guest)).unwrap(), collateral, &anchors(guest), NOW).unwrap()
}

#[test]
fn each_absent_document_is_named_and_no_other() {
    for (fields, path) in &PARTS[..2] {
        assert_eq!(paths(&error(&guest(), &without(&guest(), fields))), [*path]);
    }
}

#[test]
fn with_a_document_absent_every_crl_that_is_absent_is_named_too() {
    let fields = [PARTS[0].0, PARTS[2].0].concat();
    let error = error(&guest(), &without(&guest(), &fields));
    assert_eq!(paths(&error), [PARTS[0].1, PARTS[2].1]);
}

/// Revocation that nobody can vouch for is said, not passed over.
#[test]
fn without_a_crl_revocation_is_not_asserted_and_the_crl_is_wanted() {
    let open = [(3, &["tdx.tcb_signer.revoked", "tdx.pck.revoked"][..]), (2, &["tdx.pck.revoked"])];
    for (absent, codes) in open {
        let verified = verified(&guest(), &without(&guest(), PARTS[absent].0));
        assert_eq!(verified.revocation(), Revocation::Unknown);
        let wanted: Vec<String> = verified.wanted().iter().map(|need| need.path()).collect();
        assert_eq!(wanted, [PARTS[absent].1]);
        for code in codes {
            let open = |check: &Check| check.code.id == *code && check.state == State::NotAsserted;
            assert!(verified.checks().iter().any(open), "{code} without {:?}", PARTS[absent].0);
        }
    }
    assert_eq!(verified(&guest(), &guest().collateral()).revocation(), Revocation::Checked);
}

#[test]
fn the_policy_decides_what_an_absent_crl_means() {
    let code = "tdx.policy.revocation";
    let strict = TdxPolicy::strict();
    let lenient = TdxPolicy { revocation: RevocationDemand::AcceptUnknown, ..TdxPolicy::strict() };
    let state = |verified: &VerifiedQuote, policy: &TdxPolicy| {
        let checks = policy.appraise(verified, NOW);
        let failed: Vec<_> = checks.iter().filter(|it| it.failed()).map(|it| it.code.id).collect();
        (checks.iter().find(|check| check.code.id == code).unwrap().state, failed)
    };
    for absent in [2, 3] {
        let without = verified(&guest(), &without(&guest(), PARTS[absent].0));
        assert_eq!(state(&without, &strict), (State::Fail, vec![code]));
        assert_eq!(state(&without, &lenient), (State::NotAsserted, vec![]));
    }
    let with = verified(&guest(), &guest().collateral());
    for policy in [&strict, &lenient] {
        assert_eq!(state(&with, policy), (State::Pass, vec![]));
    }
}

#[test]
fn without_any_collateral_everything_is_named() {
    assert_eq!(paths(&error(&guest(), &Collateral::none())), PARTS.map(|(_, path)| path));
}

#[test]
fn the_crl_of_the_other_authority_has_another_path() {
    let guest = guest().with_pck_authority(PckAuthority::Processor);
    let verified = verified(&guest, &without(&guest, &["pck_crl"]));
    let wanted: Vec<String> = verified.wanted().iter().map(|need| need.path()).collect();
    assert_eq!(wanted, ["/sgx/certification/v4/pckcrl?ca=processor&encoding=der"]);
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
