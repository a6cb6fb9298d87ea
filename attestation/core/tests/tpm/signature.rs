//! `TPMT_SIGNATURE`: by the attestation key, with an algorithm that is accepted, or refused.

use cloister_simulator::AzureGuest;

use crate::azure::guest::{refused, snp};

fn changed(change: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> AzureGuest {
    snp().with_signature_bytes(change)
}

#[test]
fn a_quote_without_a_signature_is_refused() {
    // TPM_ALG_NULL is all that an unsigned quote has.
    assert_eq!(refused(&changed(|bytes| *bytes = vec![0x00, 0x10])), "tpm.signature.format");
    assert_eq!(refused(&changed(Vec::clear)), "tpm.length");
}

#[test]
fn unknown_schemes_and_hashes_are_refused() {
    for scheme in [0x0005, 0x0013, 0x0015, 0x0017, 0x001a, 0x001c] {
        let guest = changed(move |bytes| bytes[1] = scheme);
        assert_eq!(refused(&guest), "tpm.signature.format", "{scheme:#x}");
    }
    for hash in [0x04, 0x0a, 0x0d, 0x10] {
        let guest = changed(move |bytes| bytes[3] = hash);
        assert_eq!(refused(&guest), "tpm.signature.format", "{hash:#x}");
    }
}

#[test]
fn the_signature_of_one_scheme_or_hash_is_none_of_another() {
    // RSAPSS in place of RSASSA, SHA-384 in place of SHA-256.
    assert_eq!(refused(&changed(|bytes| bytes[1] = 0x16)), "tpm.quote.signature");
    assert_eq!(refused(&changed(|bytes| bytes[3] = 0x0c)), "tpm.quote.signature");
}

#[test]
fn an_ecdsa_signature_never_verifies_with_an_rsa_key() {
    let guest = changed(|bytes| {
        let component = [&[0, 32], [7; 32].as_slice()].concat();
        *bytes = [&[0x00, 0x18, 0x00, 0x0b], component.as_slice(), &component].concat();
    });
    assert_eq!(refused(&guest), "tpm.quote.signature");
}

#[test]
fn components_of_different_lengths_are_refused() {
    let guest = changed(|bytes| {
        *bytes = [&[0x00, 0x18, 0x00, 0x0b, 0, 2, 1, 2, 0, 1], [3].as_slice()].concat();
    });
    assert_eq!(refused(&guest), "tpm.signature.format");
}

#[test]
fn a_signature_that_ends_early_or_late_is_refused() {
    for length in 0..262 {
        let guest = changed(move |bytes| bytes.truncate(length));
        assert_eq!(refused(&guest), "tpm.length", "{length}");
    }
    assert_eq!(refused(&changed(|bytes| bytes.push(0))), "tpm.length");
}

#[test]
fn a_shorter_or_longer_number_is_refused() {
    let resized = |length: usize| {
        changed(move |bytes| {
            bytes.resize(6 + length, 0);
            bytes[4..6].copy_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        })
    };
    for length in [0, 255, 257] {
        assert_eq!(refused(&resized(length)), "tpm.quote.signature", "{length}");
    }
}
