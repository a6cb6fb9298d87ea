//! `TPMT_PUBLIC`: a restricted signing key that was made in the TPM and cannot leave it.

use cloister_attestation::code::Diagnostic;
use cloister_attestation::tpm::{ParseError, PublicArea};

/// fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign.
const ATTRIBUTES: u32 = 0x0005_0072;

fn rsa(attributes: u32, scheme: [u16; 2], bits: u16, exponent: u32, modulus: &[u8]) -> Vec<u8> {
    let mut bytes = [0x0001_u16.to_be_bytes(), 0x000b_u16.to_be_bytes()].concat();
    bytes.extend_from_slice(&attributes.to_be_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes.extend_from_slice(&0x0010_u16.to_be_bytes());
    scheme.iter().for_each(|id| bytes.extend_from_slice(&id.to_be_bytes()));
    bytes.extend_from_slice(&bits.to_be_bytes());
    bytes.extend_from_slice(&exponent.to_be_bytes());
    bytes.extend_from_slice(&u16::try_from(modulus.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(modulus);
    bytes
}

fn good() -> Vec<u8> {
    rsa(ATTRIBUTES, [0x14, 0x0b], 2048, 0, &[0xab; 256])
}

fn ecc(curve: u16, length: usize) -> Vec<u8> {
    let coordinate =
        [u16::try_from(length).unwrap().to_be_bytes().as_slice(), &vec![3; length]].concat();
    let mut bytes = [0x0023_u16.to_be_bytes(), 0x000b_u16.to_be_bytes()].concat();
    bytes.extend_from_slice(&ATTRIBUTES.to_be_bytes());
    bytes.extend_from_slice(&[0, 0]);
    for id in [0x0010, 0x0018, 0x000b, curve, 0x0010] {
        bytes.extend_from_slice(&u16::to_be_bytes(id));
    }
    [bytes, coordinate.clone(), coordinate].concat()
}

fn refused(bytes: &[u8]) -> &'static str {
    PublicArea::parse(bytes).expect_err("it parses").code().id
}

#[test]
fn attestation_keys_of_both_kinds_are_read() {
    let public = PublicArea::parse(&good()).unwrap();
    assert_eq!(public.attributes(), ATTRIBUTES);
    assert_eq!(public.key().modulus(), Some([0xab; 256].as_slice()));
    PublicArea::parse(&rsa(ATTRIBUTES, [0x16, 0x0c], 2048, 65_537, &[0xab; 256])).unwrap();
    PublicArea::parse(&ecc(3, 32)).unwrap();
    PublicArea::parse(&ecc(4, 48)).unwrap();
}

#[test]
fn each_attribute_that_makes_an_attestation_key_is_needed() {
    for bit in [1, 4, 5, 16, 18] {
        let without = rsa(ATTRIBUTES & !(1 << bit), [0x14, 0x0b], 2048, 0, &[0xab; 256]);
        assert_eq!(refused(&without), "tpm.public", "bit {bit}");
    }
    let decrypts = rsa(ATTRIBUTES | 1 << 17, [0x14, 0x0b], 2048, 0, &[0xab; 256]);
    assert_eq!(refused(&decrypts), "tpm.public");
}

#[test]
fn keys_that_are_weak_or_of_another_kind_are_refused() {
    for bytes in [
        rsa(ATTRIBUTES, [0x10, 0x0b], 2048, 0, &[0xab; 256]),
        rsa(ATTRIBUTES, [0x14, 0x04], 2048, 0, &[0xab; 256]),
        rsa(ATTRIBUTES, [0x18, 0x0b], 2048, 0, &[0xab; 256]),
        rsa(ATTRIBUTES, [0x14, 0x0b], 2048, 3, &[0xab; 256]),
        rsa(ATTRIBUTES, [0x14, 0x0b], 2047, 0, &[0xab; 256]),
        rsa(ATTRIBUTES, [0x14, 0x0b], 2048, 0, &[0x2b; 256]),
        rsa(ATTRIBUTES, [0x14, 0x0b], 1024, 0, &[0xab; 128]),
        rsa(ATTRIBUTES, [0x14, 0x0b], 2048, 0, &[0xab; 255]),
        ecc(3, 48),
        ecc(4, 32),
        ecc(5, 66),
    ] {
        assert_eq!(refused(&bytes), "tpm.public");
    }
    let mut keyed_hash = good();
    keyed_hash[1] = 0x08;
    assert_eq!(refused(&keyed_hash), "tpm.public");
    let mut sha1_name = good();
    sha1_name[3] = 0x04;
    assert_eq!(refused(&sha1_name), "tpm.public");
    let mut storage = good();
    storage[11] = 0x06;
    assert_eq!(refused(&storage), "tpm.public", "a symmetric algorithm");
}

#[test]
fn every_truncation_and_every_further_byte_is_refused() {
    for whole in [good(), ecc(3, 32)] {
        for length in 0..whole.len() {
            assert!(PublicArea::parse(&whole[..length]).is_err(), "{length}");
        }
        let longer = [whole.as_slice(), &[0]].concat();
        assert!(matches!(PublicArea::parse(&longer), Err(ParseError::Trailing { count: 1, .. })));
    }
}
