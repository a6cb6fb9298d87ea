//! TDX guests, honest and dishonest.

use cloister_attestation::anchor::{AnchorKind, Anchors};
use cloister_attestation::tdx::{Collateral, Quote, TcbStatus, TdxPolicy, VerifiedQuote, verify};
use cloister_attestation::verify::VerifyError;
use cloister_simulator::TdxGuest;
use cloister_simulator::tdx::{PckAuthority, QuoteFormat, SGX_EXTENSION};

use crate::support::{REPORT_DATA, anchors, issued, now, pki, refusal};

const FORMATS: [QuoteFormat; 4] =
    [QuoteFormat::V4, QuoteFormat::V5Td10, QuoteFormat::V5Td15, QuoteFormat::V5Td15Ex];

fn guest() -> TdxGuest {
    TdxGuest::new(&pki())
}

fn judge(guest: &TdxGuest) -> Result<VerifiedQuote, VerifyError> {
    let quote = Quote::parse(&guest.quote(&REPORT_DATA)).expect("the quote parses");
    verify(quote, &guest.collateral(), &anchors(), now())
}

#[test]
fn every_format_and_authority_verifies_under_the_simulators_roots() {
    for format in FORMATS {
        for authority in [PckAuthority::Platform, PckAuthority::Processor] {
            let guest = guest().with_format(format).with_pck_authority(authority);
            let verified =
                judge(&guest).unwrap_or_else(|e| panic!("{format:?} {authority:?}: {e}"));
            assert_eq!(verified.quote().report_data(), &REPORT_DATA);
            assert_eq!(verified.tcb_status(), TcbStatus::UpToDate);
            assert_eq!(verified.anchor(), AnchorKind::Simulator);
            assert_eq!(verified.simulator(), Some(&pki().anchor().fingerprint()));
        }
    }
}

#[test]
fn an_honest_guest_passes_every_demand_of_the_strict_policy() {
    for format in FORMATS {
        let verified = judge(&guest().with_format(format)).unwrap();
        let failed: Vec<_> = TdxPolicy::strict()
            .appraise(&verified, now())
            .into_iter()
            .filter(|check| check.failed())
            .collect();
        assert!(failed.is_empty(), "{format:?}: {failed:#?}");
    }
}

#[test]
fn vendor_anchors_refuse_every_format() {
    for format in FORMATS {
        let guest = guest().with_format(format);
        let quote = Quote::parse(&guest.quote(&REPORT_DATA)).unwrap();
        let outcome = verify(quote, &guest.collateral(), &Anchors::vendor(), now());
        assert!(matches!(outcome, Err(VerifyError::Refused { .. })), "{format:?}: {outcome:?}");
    }
}

/// A fault made before a signature has to be found out by what it is, not by a broken signature.
#[test]
fn faults_are_refused_for_what_they_are() {
    for (code, what, guest) in chain_faults().into_iter().chain(document_faults()) {
        assert_eq!(refusal(judge(&guest)).id, code, "{what}");
    }
}

/// The code that a fault has to be refused with, what it is, and a guest that has it.
type Fault = (&'static str, &'static str, TdxGuest);

fn chain_faults() -> Vec<Fault> {
    vec![
        (
            "tdx.pck.validity",
            "pck expired",
            guest().with_pck_certificate(|c| c.not_after = issued()),
        ),
        (
            "tdx.pck.extension",
            "pck without its extension",
            guest().with_pck_certificate(|c| c.remove_extension(&SGX_EXTENSION)),
        ),
        (
            "tdx.pck.format",
            "pck with its extension twice",
            guest().with_pck_certificate(|c| c.duplicate_extension(&SGX_EXTENSION)),
        ),
        (
            "tdx.pck.validity",
            "authority expired",
            guest().with_pck_authority_certificate(|c| c.not_after = issued()),
        ),
        (
            "tdx.tcb_signer.validity",
            "tcb signing expired",
            guest().with_tcb_signing_certificate(|c| c.not_after = issued()),
        ),
        ("tdx.tcb_signer.validity", "root expired", guest().with_root(|c| c.not_after = issued())),
        ("tdx.pck.revoked", "pck revoked", revoked_pck()),
        ("tdx.pck.revoked", "authority revoked", revoked_authority()),
    ]
}

fn document_faults() -> Vec<Fault> {
    vec![
        ("tdx.tcb_info.fmspc", "other fmspc", guest().with_pck_fields(|p| p.fmspc = [9; 6])),
        ("tdx.tcb_info.fmspc", "other pce", guest().with_pck_fields(|p| p.pce_id = [9; 2])),
        ("tdx.qe_report.identity", "qe signer", guest().with_qe_report(|qe| qe.mr_signer[0] ^= 1)),
        ("tdx.qe_report.debug", "qe debug", guest().with_qe_report(|qe| qe.attributes[0] |= 2)),
        ("tdx.qe_report.identity", "qe product", guest().with_qe_report(|qe| qe.isv_prod_id = 1)),
        (
            "tdx.qe_report.binding",
            "attestation key not bound",
            guest().with_qe_report(|qe| qe.report_data[0] ^= 1),
        ),
        (
            "tdx.tcb_info.freshness",
            "tcb info expired",
            guest().with_tcb_info(|t| t.next_update = issued().to_string()),
        ),
        ("tdx.tcb_info.id", "tcb info of sgx", guest().with_tcb_info(|t| t.id = "SGX".to_owned())),
        (
            "tdx.tcb_info.signature",
            "tcb info altered",
            guest().with_collateral(|c| c.tcb_info = raised(&c.tcb_info)),
        ),
        (
            "tdx.qe_identity.signature",
            "qe identity altered",
            guest().with_collateral(|c| c.qe_identity = raised(&c.qe_identity)),
        ),
        (
            "tdx.module.mr_signer_seam",
            "module signer",
            guest().with_td_fields(|td| td.mr_signer_seam[0] = 1),
        ),
        (
            "tdx.module.version",
            "module unknown",
            guest().with_td_fields(|td| td.tee_tcb_svn[1] = 9),
        ),
    ]
}

/// What a hostile cache would like to say.
fn raised(document: &str) -> String {
    document.replace("OutOfDate", "UpToDate")
}

#[test]
fn a_flipped_bit_anywhere_in_header_or_body_is_refused() {
    let (quote, collateral) = (guest().quote(&REPORT_DATA), guest().collateral());
    for at in (0..632).step_by(7) {
        let mut flipped = quote.clone();
        flipped[at] ^= 0x10;
        let outcome =
            Quote::parse(&flipped).map(|quote| verify(quote, &collateral, &anchors(), now()));
        assert!(!matches!(outcome, Ok(Ok(_))), "byte {at}");
    }
}

fn serial(der: &[u8]) -> Vec<u8> {
    cloister_attestation::x509::Certificate::parse(der).unwrap().serial().to_vec()
}

fn revoked_pck() -> TdxGuest {
    let revoked = serial(&guest().pck_certificate());
    guest().with_pck_crl(move |crl| crl.revoked.push(revoked.clone()))
}

fn revoked_authority() -> TdxGuest {
    let revoked = serial(&guest().pck_authority());
    guest().with_root_crl(move |crl| crl.revoked.push(revoked.clone()))
}

#[test]
fn an_outdated_platform_gets_the_status_of_its_level() {
    let outdated = guest().with_pck_fields(|pck| {
        pck.components[0] = 2;
        pck.components[1] = 2;
    });
    assert_eq!(judge(&outdated).unwrap().tcb_status(), TcbStatus::OutOfDate);
    let old_module = guest().with_td_fields(|td| td.tee_tcb_svn[0] = 4);
    assert_eq!(judge(&old_module).unwrap().tcb_status(), TcbStatus::OutOfDate);
}

#[test]
fn debugged_guests_verify_and_fail_their_appraisal() {
    let verified = judge(&guest().with_td_fields(|td| td.td_attributes[0] |= 1)).unwrap();
    assert!(TdxPolicy::strict().appraise(&verified, now()).iter().any(|check| check.failed()));
}

#[test]
fn missing_collateral_is_incomplete_and_not_a_refusal() {
    let quote = Quote::parse(&guest().quote(&REPORT_DATA)).unwrap();
    let outcome = verify(quote, &Collateral::none(), &anchors(), now());
    assert!(matches!(outcome, Err(VerifyError::Incomplete { .. })), "{outcome:?}");
}

/// An independent verifier, given the simulator's root in place of Intel's.
#[test]
fn an_independent_verifier_agrees() {
    for format in FORMATS {
        let guest = guest().with_format(format);
        let collateral: dcap_qvl::QuoteCollateralV3 =
            serde_json::from_slice(&guest.collateral_json()).unwrap();
        let verifier =
            dcap_qvl::verify::QuoteVerifier::<dcap_qvl::configs::RingConfig>::new_with_config(
                guest.root(),
            );
        let quote = guest.quote(&REPORT_DATA);
        verifier
            .verify(&quote, &collateral, now().as_secs())
            .unwrap_or_else(|e| panic!("{format:?}: {e:?}"));
        let mut flipped = quote;
        flipped[100] ^= 1;
        assert!(verifier.verify(&flipped, &collateral, now().as_secs()).is_err());
    }
}
