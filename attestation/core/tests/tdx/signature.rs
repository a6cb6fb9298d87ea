//! The three signatures that lead from the report to the platform's certificate.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::code::Diagnostic;
use cloister_attestation::tdx::{Quote, verify};
use cloister_simulator::{Pki, TdxGuest};

use super::guest::{ISSUED, NOW, anchors, assert_signed, guest, quote, refusal};

/// First byte of the signature in a quote of version 4.
const SIGNATURE: usize = 48 + 584 + 4;
const ATTESTATION_KEY: usize = SIGNATURE + 64;
const QE_REPORT: usize = ATTESTATION_KEY + 64 + 6;
const QE_REPORT_SIGNATURE: usize = QE_REPORT + 384;

fn code(guest: &TdxGuest, bytes: &[u8], anchors: &Anchors) -> &'static str {
    verify(Quote::parse(bytes).unwrap(), &guest.collateral(), anchors, NOW).unwrap_err().code().id
}

#[test]
fn every_bit_counts() {
    assert_signed(&guest(), SIGNATURE..QE_REPORT_SIGNATURE + 64);
}

#[test]
fn degenerate_signatures_are_refused() {
    for (at, expected) in
        [(SIGNATURE, "tdx.quote.signature"), (QE_REPORT_SIGNATURE, "tdx.qe_report.signature")]
    {
        for fill in [0, 1, 0xff] {
            let mut bytes = quote(&guest());
            bytes[at..at + 64].fill(fill);
            assert_eq!(code(&guest(), &bytes, &anchors(&guest())), expected, "{fill}");
        }
    }
}

#[test]
fn a_key_that_is_no_point_of_the_curve_verifies_nothing() {
    let mut bytes = quote(&guest());
    bytes[ATTESTATION_KEY..ATTESTATION_KEY + 64].fill(0);
    assert_eq!(code(&guest(), &bytes, &anchors(&guest())), "tdx.qe_report.binding");
}

/// The body changed after the attestation key signed it.
#[test]
fn the_body_that_was_signed_is_the_body_that_is_read() {
    let mut bytes = quote(&guest());
    bytes[48 + 136] ^= 1;
    assert_eq!(code(&guest(), &bytes, &anchors(&guest())), "tdx.quote.signature");
}

#[test]
fn the_qe_report_has_to_name_the_attestation_key_and_nothing_else() {
    for at in [0, 31, 32, 63] {
        let other = guest().with_qe_report(move |report| report.report_data[at] ^= 1);
        assert_eq!(refusal(&other), "tdx.qe_report.binding", "{at}");
    }
}

/// Another platform's attestation key and QE report, transplanted over this one's certificate.
#[test]
fn a_quote_of_another_platform_does_not_verify_with_this_ones_certificate() {
    let other = guest().with_pck_fields(|pck| pck.ppid = [7; 16]);
    let (mut bytes, donor) = (quote(&guest()), quote(&other));
    for part in [SIGNATURE..ATTESTATION_KEY + 64, QE_REPORT..QE_REPORT_SIGNATURE + 64] {
        bytes[part.clone()].copy_from_slice(&donor[part]);
    }
    assert_eq!(code(&guest(), &bytes, &anchors(&guest())), "tdx.qe_report.signature");
}

#[test]
fn another_hierarchy_is_refused_in_both_directions() {
    let stranger = TdxGuest::new(&Pki::from_seed("another", ISSUED));
    assert_eq!(code(&stranger, &quote(&stranger), &anchors(&guest())), "tdx.root.key");
    assert_eq!(code(&guest(), &quote(&guest()), &Anchors::vendor()), "tdx.root_crl.signature");
    // Its quote with this one's collateral, which the anchors do accept.
    assert_eq!(code(&guest(), &quote(&stranger), &anchors(&guest())), "tdx.root.key");
}
