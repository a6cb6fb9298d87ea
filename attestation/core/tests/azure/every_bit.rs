//! No single bit of any part can change without the Evidence being refused.

use cloister_attestation::azure::Parts;

use super::guest::{REPORT_DATA, both, endorsements, judge_with, pki};

/// Flips every bit of one part; `part` puts the changed bytes in its place.
fn assert_every_bit_counts(
    name: &str,
    read: impl for<'a> Fn(&Parts<'a>) -> &'a [u8],
    put: impl for<'a> Fn(Parts<'a>, &'a [u8]) -> Parts<'a>,
) {
    for guest in both() {
        let evidence = guest.evidence(&REPORT_DATA);
        let (with, anchors) = (endorsements(&guest), pki().anchors());
        judge_with(&with, &anchors, &evidence.parts()).unwrap();
        let mut bytes = read(&evidence.parts()).to_vec();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                bytes[at] ^= 1 << bit;
                let parts = put(evidence.parts(), &bytes);
                assert!(
                    judge_with(&with, &anchors, &parts).is_err(),
                    "bit {bit} of byte {at} of the {name}"
                );
                bytes[at] ^= 1 << bit;
            }
        }
    }
}

#[test]
fn flipping_any_bit_of_the_quote_is_refused() {
    assert_every_bit_counts("quote", |p| p.tpm_quote, |p, tpm_quote| Parts { tpm_quote, ..p });
}

#[test]
fn flipping_any_bit_of_the_signature_is_refused() {
    assert_every_bit_counts(
        "signature",
        |p| p.tpm_signature,
        |p, tpm_signature| Parts { tpm_signature, ..p },
    );
}

#[test]
fn flipping_any_bit_of_a_pcr_value_is_refused() {
    assert_every_bit_counts("PCR values", |p| p.pcrs, |p, pcrs| Parts { pcrs, ..p });
}
