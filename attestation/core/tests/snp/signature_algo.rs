//! `SIGNATURE_ALGO` at 34h.

use super::guest::{assert_every_bit_is_signed, milan, refused, verify};

#[test]
fn accepts_ecdsa_p384_with_sha384_and_rejects_every_other_number() {
    assert_eq!(verify(&milan()).unwrap().report().signature_algo(), 1);
    for algorithm in [0, 2, 0x100, u32::MAX] {
        let guest = milan().with_fields(move |report| report.signature_algo = algorithm);
        assert_eq!(refused(&guest), "snp.signature_algo", "{algorithm}");
    }
}

#[test]
fn every_bit_is_signed() {
    assert_every_bit_is_signed(&milan(), 0x34..0x38);
}
