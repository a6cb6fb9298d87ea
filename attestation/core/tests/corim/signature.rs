//! Who signed: the given publisher, or nobody.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use cloister_attestation::corim::{
    CorimError, ImageRim, PublisherKey, PublisherSigningKey, SignedCorim,
};
use cloister_attestation::cose;
use cloister_attestation::key::SigningKey;
use minicbor::Encoder;
use minicbor::data::Tag;
use pem_rfc7468::LineEnding;

use super::world::{key, publisher, received, rim};

/// A signed CoRIM with any header, unprotected header and signer.
fn envelope(
    protected: &[u8],
    unprotected: &[u8],
    payload: &[u8],
    sign: impl Fn(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let signature = sign(&cose::to_be_signed(protected, payload));
    let mut e = Encoder::new(Vec::new());
    e.tag(Tag::new(18)).unwrap().array(4).unwrap().bytes(protected).unwrap();
    e.writer_mut().extend_from_slice(unprotected);
    e.bytes(payload).unwrap().bytes(&signature).unwrap();
    e.into_writer()
}

fn header(algorithm: i64, content: &str) -> Vec<u8> {
    let mut meta = Encoder::new(Vec::new());
    meta.map(1).unwrap().u8(0).unwrap().map(1).unwrap().u8(0).unwrap().str("p").unwrap();
    let mut e = Encoder::new(Vec::new());
    e.map(3).unwrap().u8(1).unwrap().i64(algorithm).unwrap();
    e.u8(3).unwrap().str(content).unwrap();
    e.u8(8).unwrap().bytes(&meta.into_writer()).unwrap();
    e.into_writer()
}

const RIM: &str = "application/rim+cbor";

#[test]
fn accepts_what_its_publisher_signed_and_nobody_elses() {
    let (key, other) = (key(), key());
    let signed = rim().sign(&key, "ACME images").unwrap();
    assert_eq!(SignedCorim::parse(&signed).unwrap().signer(), "ACME images");
    assert!(SignedCorim::is_one(&signed));
    assert_eq!(received(&signed, &publisher(&key)).unwrap(), rim());
    assert_eq!(received(&signed, &publisher(&other)).unwrap_err(), CorimError::Signature);
}

#[test]
fn refuses_any_altered_byte_and_every_cut() {
    let key = key();
    let signed = rim().sign(&key, "ACME images").unwrap();
    for at in 0..signed.len() {
        let mut altered = signed.clone();
        altered[at] ^= 1;
        assert!(received(&altered, &publisher(&key)).is_err(), "byte {at}");
        assert!(received(&signed[..at], &publisher(&key)).is_err(), "cut at {at}");
    }
    assert!(received(&[signed.as_slice(), &[0]].concat(), &publisher(&key)).is_err());
}

#[test]
fn accepts_es384_with_a_p384_key_and_no_mixture() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let spki = [
        &[
            0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
            0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00,
        ],
        pair.public_key().as_ref(),
    ]
    .concat();
    let p384 = PublisherKey::from_spki(&spki).unwrap();
    let sign = |message: &[u8]| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec();
    let payload = rim().encode().unwrap();
    let good = envelope(&header(-35, RIM), &[0xa0], &payload, sign);
    assert_eq!(received(&good, &p384).unwrap(), rim());
    assert_eq!(received(&good, &publisher(&key())).unwrap_err(), CorimError::Algorithm);
    for algorithm in [-7, -36, -8, 5, 0] {
        let other = envelope(&header(algorithm, RIM), &[0xa0], &payload, sign);
        assert_eq!(received(&other, &p384).unwrap_err(), CorimError::Algorithm, "{algorithm}");
    }
    for spki in [&spki[..119], &[spki.as_slice(), &[0]].concat(), &[][..]] {
        assert_eq!(PublisherKey::from_spki(spki).unwrap_err(), CorimError::Key);
    }
}

#[test]
fn refuses_unprotected_headers_other_contents_and_other_header_fields() {
    let key = SigningKey::generate().unwrap();
    let publisher = PublisherKey::from_spki(key.public().spki()).unwrap();
    let sign = |message: &[u8]| key.sign(message).unwrap().as_bytes().to_vec();
    let payload = rim().encode().unwrap();
    let good = header(-7, RIM);
    let reads = |protected: &[u8], unprotected: &[u8]| {
        received(&envelope(protected, unprotected, &payload, sign), &publisher)
    };
    assert!(reads(&good, &[0xa0]).is_ok());
    // The algorithm, once more and unprotected.
    assert!(matches!(reads(&good, &[0xa1, 0x01, 0x26]), Err(CorimError::Malformed { .. })));
    let other = header(-7, "application/cwt");
    assert!(matches!(reads(&other, &[0xa0]), Err(CorimError::Kind { .. })));
    let crit = [&[0xa4], &good[1..], &[0x02, 0x81, 0x04]].concat();
    assert!(matches!(reads(&crit, &[0xa0]), Err(CorimError::Malformed { .. })));
}

#[test]
fn an_unsigned_one_is_told_so() {
    let unsigned = rim().encode().unwrap();
    assert_eq!(SignedCorim::parse(&unsigned).unwrap_err(), CorimError::Unsigned);
    assert!(!SignedCorim::is_one(&unsigned));
    assert_eq!(ImageRim::decode(&unsigned).unwrap(), rim());
}

#[test]
fn signs_with_either_curve_what_the_public_half_verifies() {
    let rng = SystemRandom::new();
    let p384 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &rng).unwrap();
    let p384 = pem_rfc7468::encode_string("PRIVATE KEY", LineEnding::LF, p384.as_ref()).unwrap();
    let p256 = SigningKey::generate_pem().unwrap();
    let keys = [p384.as_str(), &p256].map(|pem| PublisherSigningKey::from_pem(pem).unwrap());
    for key in &keys {
        let signed = rim().sign(key, "ACME images").unwrap();
        for other in &keys {
            let read = received(&signed, &publisher(other));
            assert_eq!(read.is_ok(), core::ptr::eq(key, other));
        }
    }
    for unusable in ["", &p384.replace("PRIVATE", "PUBLIC"), &p256.replace("MIG", "MIH")] {
        let refused = PublisherSigningKey::from_pem(unusable).unwrap_err();
        assert_eq!(refused, CorimError::SigningKey);
    }
}
