use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

use super::{ChannelKey, IdentityKey, KeyError, PublicKey, Signature};

#[test]
fn a_signature_verifies_under_its_key_and_message_only() {
    let (key, other) = (IdentityKey::generate().unwrap(), IdentityKey::generate().unwrap());
    let signature = key.sign(b"message").unwrap();
    assert_eq!(key.public().verify(b"message", &signature), Ok(()));
    assert_eq!(key.public().verify(b"massage", &signature), Err(KeyError::Signature));
    assert_eq!(other.public().verify(b"message", &signature), Err(KeyError::Signature));
}

#[test]
fn spki_round_trips_and_every_other_encoding_is_refused() {
    let key = IdentityKey::generate().unwrap();
    assert_eq!(&PublicKey::from_spki(key.spki()).unwrap(), key.public());
    for len in 0..key.spki().len() {
        assert_eq!(PublicKey::from_spki(&key.spki()[..len]), Err(KeyError::Malformed));
    }
    let trailing = [key.spki(), &[0]].concat();
    assert_eq!(PublicKey::from_spki(&trailing), Err(KeyError::Malformed));
    // Any flipped bit breaks the header or leaves the curve.
    for at in 0..key.spki().len() {
        let mut changed = key.spki().to_vec();
        changed[at] ^= 1;
        assert_eq!(PublicKey::from_spki(&changed), Err(KeyError::Malformed), "byte {at}");
    }
}

#[test]
fn tls_signatures_are_minimal_der_of_the_same_values() {
    let key = ChannelKey::generate().unwrap();
    let verifier = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.spki());
    // Enough signatures to meet leading zeros and set high bits in both halves.
    for round in 0..600_u32 {
        let message = round.to_be_bytes();
        let der = key.sign_der(&message).unwrap();
        assert!(verifier.verify(&message, &der).is_ok(), "round {round}");
    }
}

#[test]
fn der_integers_are_positive_and_minimal() {
    let mut fixed = [0; 64];
    fixed[31] = 0x80;
    fixed[63] = 1;
    let der = Signature::from_slice(&fixed).unwrap().to_der();
    assert_eq!(der, [0x30, 7, 0x02, 2, 0, 0x80, 0x02, 1, 1]);
}

#[test]
fn debug_shows_the_thumbprint_and_nothing_else() {
    let key = IdentityKey::generate().unwrap();
    let shown = format!("{key:?}");
    assert_eq!(shown, format!("IdentityKey({}, private half redacted)", key.thumbprint()));
}
