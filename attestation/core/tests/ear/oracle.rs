//! An independent implementation of JWT reads what this crate writes, and the reverse.

use cloister_attestation::ear::{Format, verify};
use cloister_attestation::key::SigningKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde_json::Value;

use super::world::{AUDIENCE, Forger, claims, ear, expected, signer};

#[test]
fn a_general_library_verifies_our_jwt() {
    let signer = signer();
    let token = String::from_utf8(signer.sign(&ear(), Format::Jwt).unwrap()).unwrap();
    let key = DecodingKey::from_ec_der(signer.public().point());
    let mut demands = Validation::new(Algorithm::ES256);
    demands.set_audience(&[AUDIENCE]);
    demands.set_issuer(&["spiffe://example.org"]);
    demands.set_required_spec_claims(&["exp", "aud", "iss"]);
    // The library reads the clock, and the result is of the simulator's time.
    demands.validate_exp = false;
    let decoded = decode::<Value>(&token, &key, &demands).unwrap();
    assert_eq!(decoded.header.typ.as_deref(), Some("eat+jwt"));
    assert_eq!(decoded.claims["submods"]["runtime"]["ear_status"], "warning");
    assert_eq!(decoded.claims["submods"]["runtime"]["cloister.simulated"], true);
    demands.set_audience(&["https://elsewhere.example"]);
    assert!(decode::<Value>(&token, &key, &demands).is_err());
    let other = DecodingKey::from_ec_der(Forger::new().key.public().point());
    demands.set_audience(&[AUDIENCE]);
    assert!(decode::<Value>(&token, &other, &demands).is_err());
}

#[test]
fn we_verify_the_jwt_of_a_general_library() {
    let pkcs8 = SigningKey::generate_pkcs8().unwrap();
    let forger = Forger { key: SigningKey::from_pkcs8(&pkcs8).unwrap() };
    let mut header = Header::new(Algorithm::ES256);
    header.typ = Some("eat+jwt".to_owned());
    header.kid = Some(forger.kid().to_string());
    let token = encode(&header, &claims(), &EncodingKey::from_ec_der(&pkcs8)).unwrap();
    assert!(verify(token.as_bytes(), &forger.keys(), &expected()).is_ok());
}
