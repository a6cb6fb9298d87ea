use serde_json::{Value, json};

use super::KeySet;
use crate::key::{PublicKey, SigningKey};

fn public() -> PublicKey {
    SigningKey::generate().unwrap().public().clone()
}

fn set(keys: &[Value]) -> Result<KeySet, String> {
    KeySet::from_json(json!({"keys": keys}).to_string().as_bytes()).map_err(|e| e.to_string())
}

fn with(key: &PublicKey, name: &str, value: Value) -> Value {
    let mut jwk = key.to_jwk();
    jwk[name] = value;
    jwk
}

/// The thumbprint of a fixed key, computed independently with Python's `hashlib`.
#[test]
fn a_thumbprint_is_over_the_members_in_order_and_nothing_else() {
    let jwk = br#"{"y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","kid":"x","kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"}"#;
    let key = PublicKey::from_jwk(jwk).unwrap();
    assert_eq!(key.jwk_thumbprint(), THUMBPRINT);
    assert_eq!(PublicKey::from_jwk(key.to_jwk().to_string().as_bytes()), Ok(key));
}

const THUMBPRINT: &str = "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s";

#[test]
fn keys_are_found_under_the_ids_that_their_owner_gave_them() {
    let (named, unnamed) = (public(), public());
    let keys = set(&[with(&named, "kid", json!("of 2026")), unnamed.to_jwk()]).unwrap();
    assert_eq!(keys.find("of 2026"), Some(&named));
    assert_eq!(keys.find(&unnamed.jwk_thumbprint()), Some(&unnamed));
    assert_eq!(keys.find(&named.jwk_thumbprint()), None);
    assert_eq!(KeySet::default().find(""), None);
}

#[test]
fn a_set_with_a_key_that_could_not_be_used_is_refused_whole() {
    let (key, other) = (public(), public());
    for (name, value) in [
        ("kty", json!("RSA")),
        ("kty", json!("oct")),
        ("crv", json!("P-384")),
        ("alg", json!("HS256")),
        ("use", json!("enc")),
        ("d", json!("AA")),
        ("x", other.to_jwk()["x"].clone()),
        ("y", json!("")),
        ("kid", json!("k".repeat(129))),
        ("kid", json!(1)),
    ] {
        assert!(set(&[other.to_jwk(), with(&key, name, value.clone())]).is_err(), "{name} {value}");
    }
    assert!(set(&[with(&key, "kid", json!("a")), with(&other, "kid", json!("a"))]).is_err());
    assert!(set(&vec![key.to_jwk(); 33]).is_err());
    for text in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        assert!(KeySet::from_json(text.as_bytes()).is_err(), "{text}");
    }
    assert!(KeySet::from_json(&vec![b' '; 70_000]).is_err());
}
