//! A quote under a public test PKI: nothing but the root key separates it from a genuine one.

use cloister_attestation::anchor::{Anchors, SimulatorAnchor};
use cloister_attestation::code::Diagnostic;
use cloister_attestation::tdx::{Collateral, verify};
use cloister_attestation::verify::VerifyError;
use cloister_attestation::x509::pem;

use super::corpus::{Case, case};

fn own_root(case: &Case) -> Anchors {
    let text = String::from_utf8(case.file("trustedRootCaCert.pem").unwrap()).unwrap();
    let root = pem::certificates(&text).unwrap().remove(0).key_pin();
    Anchors::dangerous_simulator(SimulatorAnchor {
        milan: root,
        genoa: root,
        turin: root,
        intel: root,
    })
}

/// The recorded collateral without the named parts.
fn without(case: &Case, parts: &[&str]) -> Collateral {
    let json = case.file("collateral.json").unwrap();
    let mut json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    for part in parts {
        json.as_object_mut().unwrap().remove(*part).unwrap();
    }
    Collateral::from_json(&serde_json::to_vec(&json).unwrap()).unwrap()
}

const TCB_INFO: [&str; 3] = ["tcb_info", "tcb_info_signature", "tcb_info_issuer_chain"];
const QE_IDENTITY: [&str; 3] = ["qe_identity", "qe_identity_signature", "qe_identity_issuer_chain"];

#[test]
fn every_signature_holds_under_its_own_root() {
    let Some(case) = case("v4-intel-qvl-synthetic-pki") else { return };
    let collateral = without(&case, &[TCB_INFO, QE_IDENTITY].concat());
    let error = verify(case.quote(), &collateral, &own_root(&case), case.now()).unwrap_err();
    let VerifyError::Incomplete { missing, checks } = error else { panic!("{error}") };
    let paths: Vec<&str> = missing.iter().map(|part| part.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "/tdx/certification/v4/tcb?fmspc=ed742af8adf5&update=standard",
            "/tdx/certification/v4/qe/identity?update=standard"
        ]
    );
    let passed: Vec<&str> = checks.iter().map(|check| check.code.id).collect();
    for id in [
        "tdx.root.key",
        "tdx.root_crl.signature",
        "tdx.pck.chain",
        "tdx.pck_crl.signature",
        "tdx.quote.signature",
    ] {
        assert!(passed.contains(&id), "{id}");
    }
}

/// A failing check wins over what is missing.
#[test]
fn its_qe_identity_is_signed_and_of_another_enclave() {
    let Some(case) = case("v4-intel-qvl-synthetic-pki") else { return };
    let collateral = without(&case, &TCB_INFO);
    let error = verify(case.quote(), &collateral, &own_root(&case), case.now()).unwrap_err();
    assert_eq!(error.code().id, "tdx.qe_report.identity");
    assert!(error.checks().iter().any(|check| check.code.id == "tdx.qe_identity.signature"));
}

#[test]
fn its_tcb_info_is_signed_and_refused_for_components_out_of_range() {
    let Some(case) = case("v4-intel-qvl-synthetic-pki") else { return };
    let error = verify(case.quote(), &case.collateral(), &own_root(&case), case.now()).unwrap_err();
    assert_eq!(error.code().id, "tdx.tcb_info.format");
}

#[test]
fn nothing_of_it_holds_under_intels_root() {
    let Some(case) = case("v4-intel-qvl-synthetic-pki") else { return };
    let all = [
        vec!["root_ca_crl"],
        [&["root_ca_crl"], &TCB_INFO[..]].concat(),
        [&["root_ca_crl"], &TCB_INFO[..], &QE_IDENTITY[..]].concat(),
    ];
    for parts in all {
        let collateral = without(&case, &parts);
        let error = verify(case.quote(), &collateral, &Anchors::vendor(), case.now()).unwrap_err();
        assert_eq!(error.code().id, "tdx.root.key", "without {parts:?}");
    }
}

#[test]
fn a_genuine_quote_does_not_hold_under_a_test_root() {
    let (Some(test), Some(genuine)) = (case("v4-intel-qvl-synthetic-pki"), case("v4-dcapqvl"))
    else {
        return;
    };
    let error = verify(genuine.quote(), &genuine.collateral(), &own_root(&test), genuine.now())
        .unwrap_err();
    assert_eq!(error.code().id, "tdx.root.key");
}
