//! `eat_nonce`: a result answers one request.

use cloister_attestation::ear::{Ear, EarError, Expected, Terms, verify};
use serde_json::json;

use super::world::{
    FORMATS, Forger, NONCE, assert_malformed, ear, expected, result, signer, terms, with,
};
use crate::snp::guest;

#[test]
fn accepts_the_nonce_that_was_given_and_no_other() {
    let signer = signer();
    for format in FORMATS {
        let token = signer.sign(&ear(), format).unwrap();
        for nonce in [&NONCE[1..], &[9; 33], &[8; 32], b""] {
            let other = Expected { nonce: Some(nonce), ..expected() };
            let refused = verify(&token, &signer.keys(), &other).unwrap_err();
            assert!(matches!(refused, EarError::Nonce { .. }), "{refused}");
        }
        let unasked = Expected { nonce: None, ..expected() };
        let verified = verify(&token, &signer.keys(), &unasked).unwrap();
        assert_eq!(verified.ear().nonce.as_deref(), Some(NONCE));
    }
}

#[test]
fn a_result_without_a_nonce_answers_no_request_that_has_one() {
    let signer = signer();
    let ear = Ear::of(&result(&guest::milan()), &Terms { nonce: None, ..terms() });
    for format in FORMATS {
        let token = signer.sign(&ear, format).unwrap();
        let refused = verify(&token, &signer.keys(), &expected()).unwrap_err();
        assert!(matches!(&refused, EarError::Nonce { observed, .. } if observed == "none"));
        let unasked = Expected { nonce: None, ..expected() };
        assert!(verify(&token, &signer.keys(), &unasked).is_ok());
    }
}

#[test]
fn refuses_nonces_of_another_length_or_type() {
    let of = |nonce| Ear::of(&result(&guest::milan()), &Terms { nonce: Some(nonce), ..terms() });
    let signer = signer();
    for (len, fits) in [(7, false), (8, true), (64, true), (65, false)] {
        for format in FORMATS {
            assert_eq!(signer.sign(&of(&[1; 65][..len]), format).is_ok(), fits, "{len}");
        }
    }
    let forger = Forger::new();
    let padded = format!("{}=", "CQkJCQkJCQk".repeat(4));
    for nonce in [json!(["CQkJCQkJCQk"]), json!(9), json!("not base64url!"), json!(padded)] {
        assert_malformed(forger.claims(&with("", "eat_nonce", Some(nonce))), "eat_nonce");
    }
}
