//! What attackers hand to relying parties instead of a result.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloister_attestation::cose::{self, Header};
use cloister_attestation::ear::{EarError, Format, verify};
use cloister_attestation::jws;
use cloister_attestation::key::KeyId;
use serde_json::json;

use super::world::{
    FORMATS, Forger, assert_malformed, cbor_claims, claims, ear, expected, relying, signer,
};

#[test]
fn unsigned() {
    let forger = Forger::new();
    let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let (header, payload) = (forger.header().to_string(), claims().to_string());
    for token in [
        format!("{}.{}.", encoded(&header), encoded(&payload)),
        format!("{}.{}", encoded(&header), encoded(&payload)),
        payload.clone(),
    ] {
        let refused = verify(token.as_bytes(), &forger.keys(), &expected()).unwrap_err();
        assert!(matches!(refused, EarError::Malformed { .. }), "{refused}");
    }
    assert_malformed(verify(&cbor_claims(), &forger.keys(), &expected()), "");
    assert_malformed(verify(b"", &forger.keys(), &expected()), "");
}

#[test]
fn algorithm_none() {
    let forger = Forger::new();
    for alg in ["none", "None", "NONE", ""] {
        let header = json!({ "alg": alg, "kid": forger.kid().to_string(), "typ": "eat+jwt" });
        let encoded = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let unsigned =
            format!("{}.{}.", encoded(&header.to_string()), encoded(&claims().to_string()));
        let signed = forger.jws(&header.to_string(), claims().to_string().as_bytes());
        for token in [unsigned, signed] {
            let refused = verify(token.as_bytes(), &forger.keys(), &expected());
            assert_eq!(refused.unwrap_err(), EarError::Algorithm, "{alg}");
        }
    }
}

#[test]
fn key_confusion_with_the_public_key_as_a_secret() {
    let victim = signer();
    let kid = KeyId::of(victim.public()).to_string();
    let pem = pem_rfc7468::encode_string(
        "PUBLIC KEY",
        pem_rfc7468::LineEnding::LF,
        victim.public().spki(),
    )
    .unwrap();
    for secret in [victim.public().spki(), victim.public().point(), pem.as_bytes()] {
        for alg in ["HS256", "HS384", "ES256"] {
            let header = json!({ "alg": alg, "kid": kid, "typ": "eat+jwt" }).to_string();
            let signed = format!(
                "{}.{}",
                URL_SAFE_NO_PAD.encode(header),
                URL_SAFE_NO_PAD.encode(claims().to_string())
            );
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            let tag = hmac::sign(&key, signed.as_bytes());
            // As it is, and long enough for the right algorithm's signature.
            for tag in [tag.as_ref().to_vec(), tag.as_ref().repeat(2)] {
                let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&tag));
                let refused = relying(&victim, token.as_bytes()).unwrap_err();
                let expected = match (alg, tag.len()) {
                    ("ES256", 64) => refused == EarError::Signature,
                    ("ES256", _) => matches!(refused, EarError::Malformed { .. }),
                    _ => refused == EarError::Algorithm,
                };
                assert!(expected, "{alg} {refused}");
            }
        }
    }
}

#[test]
fn the_wrong_key_under_its_own_id_and_under_the_trusted_one() {
    let (victim, forger) = (signer(), Forger::new());
    for format in FORMATS {
        let token = signer().sign(&ear(), format).unwrap();
        let refused = relying(&victim, &token).unwrap_err();
        assert!(matches!(refused, EarError::UnknownKey { .. }), "{refused}");
    }
    let kid = KeyId::of(victim.public());
    let header = json!({ "alg": "ES256", "kid": kid.to_string(), "typ": "eat+jwt" });
    let jwt = forger.jws(&header.to_string(), claims().to_string().as_bytes());
    assert_eq!(relying(&victim, jwt.as_bytes()).unwrap_err(), EarError::Signature);
    let header = Header { kid: kid.as_bytes(), typ: Some(Format::Cwt.typ()) };
    let cwt = cose::sign(&header, &cbor_claims(), |m| forger.key.sign(m)).unwrap();
    assert_eq!(relying(&victim, &cwt).unwrap_err(), EarError::Signature);
}

#[test]
fn two_trusted_keys_are_not_taken_for_each_other() {
    let (one, other) = (Forger::new(), Forger::new());
    let keys = cloister_attestation::ear::ResultKeys::new([
        one.key.public().clone(),
        other.key.public().clone(),
    ]);
    let claims = claims().to_string();
    for (kid, key, accepted) in [(&one, &one, true), (&other, &one, false), (&one, &other, false)] {
        let token = key.jws(&kid.header().to_string(), claims.as_bytes());
        assert_eq!(verify(token.as_bytes(), &keys, &expected()).is_ok(), accepted);
    }
}

#[test]
fn any_altered_byte() {
    let signer = signer();
    for format in FORMATS {
        let token = signer.sign(&ear(), format).unwrap();
        for at in 0..token.len() {
            let mut altered = token.clone();
            altered[at] ^= 1;
            assert!(relying(&signer, &altered).is_err(), "byte {at}");
            assert!(relying(&signer, &token[..at]).is_err(), "cut at {at}");
        }
        assert!(relying(&signer, &[token.as_slice(), b"A"].concat()).is_err());
    }
}

#[test]
fn duplicate_claims_in_both_forms() {
    let forger = Forger::new();
    let text = claims().to_string();
    let twice = |name: &str, claim: &str| text.replacen(name, &format!("{claim},{name}"), 1);
    for payload in [
        twice("\"aud\"", "\"aud\":\"https://elsewhere.example\""),
        twice("\"ear_status\"", "\"ear_status\":\"affirming\""),
        twice("\"cloister.simulated\"", "\"cloister.simulated\":false"),
        twice("\"hardware\"", "\"hardwar\\u0065\":2"),
    ] {
        assert_ne!(payload, text);
        assert_malformed(forger.payload(payload.as_bytes()), "twice");
    }
    let cbor = cbor_claims();
    assert!(forger.cbor(&cbor).is_ok());
    assert_eq!(cbor[0] & 0xe0, 0xa0, "a short map");
    let again = [&[cbor[0] + 1], &cbor[1..], &[0x06, 0x00]].concat();
    assert_malformed(forger.cbor(&again), "twice");
}

#[test]
fn cbor_claims_in_another_order_or_encoding() {
    let forger = Forger::new();
    let cbor = cbor_claims();
    // The first claim, `iss`, with its label in two bytes.
    assert_eq!(cbor[1], 1);
    let long = [&cbor[..1], &[0x18, 0x01], &cbor[2..]].concat();
    assert_malformed(forger.cbor(&long), "deterministic");
    assert_malformed(forger.cbor(&[cbor.as_slice(), &[0xf6]].concat()), "");
}

#[test]
fn a_signed_message_of_another_kind() {
    let forger = Forger::new();
    let payload = claims().to_string();
    for typ in ["JWT", "eat+cwt", "at+jwt", "application/eat+jwt"] {
        let token = jws::sign(typ, payload.as_bytes(), &forger.key).unwrap();
        let refused = verify(token.as_bytes(), &forger.keys(), &expected()).unwrap_err();
        assert_eq!(refused, EarError::Kind, "{typ}");
    }
    let kid = forger.kid();
    // Without a kind: how leases are signed.
    for typ in [None, Some("application/cwt"), Some("eat+jwt")] {
        let header = Header { kid: kid.as_bytes(), typ };
        let token = cose::sign(&header, &cbor_claims(), |m| forger.key.sign(m)).unwrap();
        let refused = verify(&token, &forger.keys(), &expected()).unwrap_err();
        assert_eq!(refused, EarError::Kind, "{typ:?}");
    }
}
