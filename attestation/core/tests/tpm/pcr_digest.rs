//! `pcrDigest`: of the selected values, in ascending order, with the hash of the signature.

use cloister_attestation::check::State;

use crate::azure::guest::{refused, snp, step};

#[test]
fn it_is_recomputed_from_the_values() {
    assert_eq!(step(&snp(), "tpm.quote.pcr_digest"), State::Pass);
}

#[test]
fn another_digest_is_refused_although_the_key_signed_it() {
    let guest = snp().with_attest(|attest| attest.pcr_digest[31] ^= 1);
    assert_eq!(refused(&guest), "tpm.quote.pcr_digest");
}

#[test]
fn a_digest_that_is_cut_longer_or_empty_is_refused() {
    for length in [0, 31, 33, 48] {
        let guest = snp().with_attest(move |attest| attest.pcr_digest.resize(length, 0));
        assert_eq!(refused(&guest), "tpm.quote.pcr_digest", "{length}");
    }
}

#[test]
fn bytes_behind_the_digest_are_refused() {
    assert_eq!(refused(&snp().with_attest_bytes(|bytes| bytes.push(0))), "tpm.length");
}

#[test]
fn a_quote_that_ends_anywhere_early_is_refused() {
    for length in 0..145 {
        let guest = snp().with_attest_bytes(move |bytes| bytes.truncate(length));
        assert_eq!(refused(&guest), "tpm.length", "{length}");
    }
}
