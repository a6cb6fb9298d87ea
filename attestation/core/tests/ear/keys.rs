//! Key sets: which keys may have signed a result.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloister_attestation::ear::{EarError, ResultKeys};
use cloister_attestation::key::{KeyId, PublicKey, SigningKey};
use serde_json::{Value, json};

fn jwk(key: &PublicKey) -> Value {
    let (x, y) = key.coordinates();
    json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "cloister.use": "result",
        "kid": KeyId::of(key).to_string(),
        "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
    })
}

fn key() -> PublicKey {
    SigningKey::generate().unwrap().public().clone()
}

fn read(keys: &[Value]) -> Result<ResultKeys, EarError> {
    ResultKeys::from_jwks(json!({ "keys": keys }).to_string().as_bytes())
}

#[test]
fn keys_for_something_else_verify_no_results() {
    let (result, lease) = (key(), key());
    let mut other = jwk(&lease);
    other["cloister.use"] = json!("lease");
    let mut unsaid = jwk(&lease);
    unsaid.as_object_mut().unwrap().remove("cloister.use");
    let keys =
        read(&[other.clone(), jwk(&result), unsaid.clone(), json!({ "kty": "RSA" })]).unwrap();
    assert_eq!(keys, ResultKeys::new([result]));
    assert_eq!(keys.find(KeyId::of(&lease).as_bytes()), None);
    for none in [vec![], vec![other], vec![unsaid]] {
        assert!(matches!(read(&none), Err(EarError::KeySet { .. })));
    }
}

#[test]
fn refuses_a_key_under_an_id_that_is_not_its_own() {
    let (one, other) = (key(), key());
    let mut listed = jwk(&one);
    listed["kid"] = json!(KeyId::of(&other).to_string());
    let refused = read(&[listed]).unwrap_err().to_string();
    assert!(refused.contains("kid"), "{refused}");
}

#[test]
fn refuses_keys_that_do_not_read() {
    for (name, value) in [
        ("kty", json!("RSA")),
        ("crv", json!("P-384")),
        ("alg", json!("HS256")),
        ("use", json!("enc")),
        ("x", json!("AAAA")),
        ("y", json!("")),
        ("y", json!(URL_SAFE_NO_PAD.encode([1; 32]))),
        ("x", json!(7)),
    ] {
        let mut changed = jwk(&key());
        changed[name] = value;
        assert!(matches!(read(&[changed]), Err(EarError::KeySet { .. })), "{name}");
        let mut without = jwk(&key());
        without.as_object_mut().unwrap().remove(name);
        assert!(matches!(read(&[without]), Err(EarError::KeySet { .. })), "{name}");
    }
    for text in ["", "{}", "[]", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        assert!(matches!(ResultKeys::from_jwks(text.as_bytes()), Err(EarError::KeySet { .. })));
    }
    assert!(matches!(read(&vec![jwk(&key()); 33]), Err(EarError::KeySet { .. })));
}
