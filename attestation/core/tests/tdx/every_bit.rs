//! No bit of what the attestation key signed can change unnoticed.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::tdx::{Quote, VerifiedCollateral, VerifiedPlatform};

use super::corpus::{Case, case};

/// One quote of each body: TDX 1.0, 1.5 and extended 1.5.
const QUOTES: [&str; 3] = ["v4-dcapqvl", "v5-td15-gotdxguest", "v5-td15ex-dcapqvl"];

#[test]
fn flipping_any_bit_of_header_or_body_is_noticed() {
    for case in QUOTES.iter().filter_map(|name| case(name)) {
        let signed = case.quote().signed_bytes().len();
        assert_eq!(unnoticed(&case, 0..signed), Vec::<usize>::new(), "{}", case.name);
    }
}

/// Signature, attestation key, QE report and its signature, authentication data.
#[test]
fn flipping_any_bit_of_the_signature_data_before_the_certificates_is_noticed() {
    for case in QUOTES.iter().filter_map(|name| case(name)) {
        let from = case.quote().signed_bytes().len() + 4;
        let until = from + 64 + 64 + 6 + 384 + 64 + 2 + 32 + 6;
        assert_eq!(unnoticed(&case, from..until), Vec::<usize>::new(), "{}", case.name);
    }
}

/// Bits, counted from the start of the quote, whose change leaves a quote that still verifies.
fn unnoticed(case: &Case, bytes: core::ops::Range<usize>) -> Vec<usize> {
    let now = case.now();
    let collateral = VerifiedCollateral::new(&case.collateral(), &Anchors::vendor(), now).unwrap();
    let platform = VerifiedPlatform::new(&case.quote(), &collateral, now).unwrap();
    let mut quote = case.quote_bytes();
    platform.verify(case.quote(), now).unwrap();
    let mut unnoticed = Vec::new();
    for at in bytes {
        for bit in 0..8 {
            quote[at] ^= 1 << bit;
            if Quote::parse(&quote).is_ok_and(|quote| platform.verify(quote, now).is_ok()) {
                unnoticed.push(at * 8 + bit);
            }
            quote[at] ^= 1 << bit;
        }
    }
    unnoticed
}
