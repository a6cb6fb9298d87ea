//! `aud`: a result is for one audience.

use cloister_attestation::ear::{EarError, Expected, verify};
use serde_json::json;

use super::world::{FORMATS, Forger, assert_malformed, ear, expected, signer, with};

#[test]
fn accepts_its_own_audience_and_no_other() {
    let signer = signer();
    for format in FORMATS {
        let token = signer.sign(&ear(), format).unwrap();
        assert!(verify(&token, &signer.keys(), &expected()).is_ok());
        for audience in
            ["", "https://relying.example/", "https://relying.exampl", "HTTPS://RELYING.EXAMPLE"]
        {
            let other = Expected { audience, ..expected() };
            let refused = verify(&token, &signer.keys(), &other).unwrap_err();
            assert!(matches!(refused, EarError::Audience { .. }), "{audience}: {refused}");
        }
    }
}

#[test]
fn refuses_no_audience_several_and_one_that_is_no_text() {
    let forger = Forger::new();
    assert_malformed(forger.claims(&with("", "aud", None)), "aud");
    for audience in
        [json!(["https://relying.example"]), json!(7), json!(""), json!("a\nb"), json!(null)]
    {
        assert_malformed(forger.claims(&with("", "aud", Some(audience))), "aud");
    }
}
