use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

use super::{KeyError, KeyId, PublicKey, Signature, SigningKey};

#[test]
fn a_signature_verifies_under_its_key_and_message_only() {
    let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let signature = key.sign(b"message").unwrap();
    assert_eq!(key.public().verify(b"message", &signature), Ok(()));
    assert_eq!(key.public().verify(b"massage", &signature), Err(KeyError::Signature));
    assert_eq!(other.public().verify(b"message", &signature), Err(KeyError::Signature));
}

#[test]
fn spki_round_trips_and_every_other_encoding_is_refused() {
    let key = SigningKey::generate().unwrap();
    assert_eq!(&PublicKey::from_spki(key.public().spki()).unwrap(), key.public());
    for len in 0..key.public().spki().len() {
        assert_eq!(PublicKey::from_spki(&key.public().spki()[..len]), Err(KeyError::Malformed));
    }
    let trailing = [key.public().spki(), &[0]].concat();
    assert_eq!(PublicKey::from_spki(&trailing), Err(KeyError::Malformed));
    // Any flipped bit breaks the header or leaves the curve.
    for at in 0..key.public().spki().len() {
        let mut changed = key.public().spki().to_vec();
        changed[at] ^= 1;
        assert_eq!(PublicKey::from_spki(&changed), Err(KeyError::Malformed), "byte {at}");
    }
}

#[test]
fn tls_signatures_are_minimal_der_of_the_same_values() {
    let key = SigningKey::generate().unwrap();
    let verifier = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.public().spki());
    // Enough signatures to meet leading zeros and set high bits in both halves.
    for round in 0..600_u32 {
        let message = round.to_be_bytes();
        let der = key.sign(&message).unwrap().to_der();
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
    let key = SigningKey::generate().unwrap();
    let shown = format!("{key:?}");
    assert_eq!(shown, format!("SigningKey({}, private half redacted)", key.public().thumbprint()));
}

#[test]
fn a_stored_key_reads_back_and_a_damaged_one_does_not() {
    let stored = SigningKey::generate_pkcs8().unwrap();
    let key = SigningKey::from_pkcs8(&stored).unwrap();
    let signature = SigningKey::from_pkcs8(&stored).unwrap().sign(b"message").unwrap();
    assert_eq!(key.public().verify(b"message", &signature), Ok(()));
    for len in 0..stored.len() {
        assert_eq!(SigningKey::from_pkcs8(&stored[..len]).err(), Some(KeyError::Stored));
    }
}

#[test]
fn a_key_reads_from_pem_and_from_coordinates_and_from_nothing_else() {
    let key = SigningKey::generate().unwrap().public().clone();
    let pem =
        |label| pem_rfc7468::encode_string(label, pem_rfc7468::LineEnding::LF, key.spki()).unwrap();
    assert_eq!(PublicKey::from_pem(&pem("PUBLIC KEY")), Ok(key.clone()));
    for text in ["", "PUBLIC KEY", &pem("CERTIFICATE"), &pem("PUBLIC KEY").repeat(2)] {
        assert_eq!(PublicKey::from_pem(text), Err(KeyError::Malformed));
    }
    let (x, y) = key.coordinates();
    assert_eq!(PublicKey::from_coordinates(x, y), Ok(key.clone()));
    for (x, y) in [(y, x), (x, &y[1..]), (&key.point()[..33], &y[1..]), (&[], &[])] {
        assert_eq!(PublicKey::from_coordinates(x, y), Err(KeyError::Malformed));
    }
}

#[test]
fn a_key_id_reads_from_its_own_hex_only() {
    let id = KeyId::of(SigningKey::generate().unwrap().public());
    let hex = id.to_string();
    assert_eq!(KeyId::from_hex(&hex), Some(id));
    for text in ["", &hex[2..], &format!("{hex}00"), &format!("{}G", &hex[1..])] {
        assert_eq!(KeyId::from_hex(text), None);
    }
    assert_eq!(KeyId::from_hex("AB".repeat(32).as_str()), None, "upper case");
}
