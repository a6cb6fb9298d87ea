//! The header: exactly `alg`, `kid` and `typ`.

use cloister_attestation::ear::{EarError, verify};
use serde_json::{Value, json};

use super::world::{Forger, assert_malformed, claims, expected};

fn with_header(forger: &Forger, header: &str) -> Result<(), EarError> {
    let token = forger.jws(header, claims().to_string().as_bytes());
    verify(token.as_bytes(), &forger.keys(), &expected()).map(|_| ())
}

#[test]
fn accepts_the_three_in_any_order() {
    let forger = Forger::new();
    let kid = forger.kid();
    let header = format!(r#" {{"typ":"eat+jwt", "kid":"{kid}","alg":"ES256"}}"#);
    assert_eq!(with_header(&forger, &header), Ok(()));
}

#[test]
fn refuses_crit_and_everything_else_known_or_not() {
    let forger = Forger::new();
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("jwk", json!({ "kty": "EC" })),
        ("jku", json!("https://attacker.example/jwks")),
        ("x5c", json!([])),
        ("x5u", json!("https://attacker.example/")),
        ("cty", json!("JWT")),
        ("zip", json!("DEF")),
        ("x", Value::Null),
    ] {
        let mut header = forger.header();
        header[name] = value;
        let refused = with_header(&forger, &header.to_string()).unwrap_err();
        assert!(matches!(refused, EarError::Malformed { .. }), "{name}: {refused}");
    }
}

#[test]
fn refuses_a_header_with_a_name_twice() {
    let forger = Forger::new();
    let header = forger.header().to_string();
    for again in [r#""alg":"none""#, r#""alg":"ES256""#, r#""typ":"JWT""#, r#""kid":"0""#] {
        for header in [
            header.replacen('{', &format!("{{{again},"), 1),
            header.replace('}', &format!(",{again}}}")),
        ] {
            let refused = with_header(&forger, &header).unwrap_err();
            assert!(matches!(refused, EarError::Malformed { .. }), "{header}: {refused}");
        }
    }
}

#[test]
fn refuses_other_algorithms_and_none_at_all() {
    let forger = Forger::new();
    for alg in ["ES384", "ES256K", "RS256", "PS256", "EdDSA", "HS256", "es256"] {
        let mut header = forger.header();
        header["alg"] = json!(alg);
        assert_eq!(with_header(&forger, &header.to_string()), Err(EarError::Algorithm), "{alg}");
    }
    let mut header = forger.header();
    header.as_object_mut().unwrap().remove("alg");
    assert_eq!(with_header(&forger, &header.to_string()), Err(EarError::Algorithm));
}

#[test]
fn refuses_a_kid_that_is_no_digest_and_one_of_no_given_key() {
    let forger = Forger::new();
    for kid in [json!(""), json!("0"), json!(forger.kid().to_string().to_uppercase()), json!(7)] {
        let mut header = forger.header();
        header["kid"] = kid;
        let refused = with_header(&forger, &header.to_string()).unwrap_err();
        assert!(matches!(refused, EarError::Malformed { .. }), "{refused}");
    }
    let mut header = forger.header();
    header["kid"] = json!("00".repeat(32));
    let refused = with_header(&forger, &header.to_string()).unwrap_err();
    assert!(matches!(refused, EarError::UnknownKey { .. }), "{refused}");
}

#[test]
fn refuses_other_forms_of_base64_and_other_numbers_of_parts() {
    let forger = Forger::new();
    let token = forger.jws(&forger.header().to_string(), claims().to_string().as_bytes());
    let parts: Vec<&str> = token.split('.').collect();
    for token in [
        format!("{token}="),
        format!("{token}=="),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{}.{}", parts[0], parts[1]),
        token.replace(parts[2], &parts[2].replace(['-', '_'], "+")) + "+",
    ] {
        let refused = verify(token.as_bytes(), &forger.keys(), &expected());
        assert_malformed(refused, "");
    }
    // Of the last character only two bits stand for something.
    let unused = format!("{}{}", &token[..token.len() - 1], next(token.chars().last().unwrap()));
    assert_malformed(verify(unused.as_bytes(), &forger.keys(), &expected()), "base64url");
}

/// The letter after this one in base64url's alphabet.
fn next(letter: char) -> char {
    let alphabet: Vec<char> =
        ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).collect();
    alphabet[alphabet.iter().position(|c| *c == letter).unwrap() + 1]
}
