//! `iat` and `exp`: a result lives for minutes.

use std::time::Duration;

use cloister_attestation::ear::{Ear, EarError, Expected, Terms, verify};
use cloister_attestation::limits::{RESULT_LIFETIME_MAX, RESULT_NOT_BEFORE_LEEWAY};
use cloister_attestation::time::UnixTime;
use serde_json::json;

use super::world::{
    FORMATS, Forger, LIFETIME, NOW, assert_malformed, ear, expected, result, signer, terms, with,
};
use crate::snp::guest;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn is_good_until_it_expires_and_not_from_that_second_on() {
    let signer = signer();
    for format in FORMATS {
        let token = signer.sign(&ear(), format).unwrap();
        let at = |now| verify(&token, &signer.keys(), &Expected { now, ..expected() });
        let end = NOW.plus(LIFETIME);
        assert!(at(end.minus(SECOND)).is_ok());
        assert_eq!(at(end).unwrap_err(), EarError::Expired { expires_at: end, now: end });
        assert!(matches!(at(UnixTime::from_secs(u64::MAX)), Err(EarError::Expired { .. })));
    }
}

#[test]
fn is_not_good_before_it_was_issued_beyond_the_leeway() {
    let signer = signer();
    for format in FORMATS {
        let token = signer.sign(&ear(), format).unwrap();
        let at = |now| verify(&token, &signer.keys(), &Expected { now, ..expected() });
        let earliest = NOW.minus(RESULT_NOT_BEFORE_LEEWAY);
        assert!(at(earliest).is_ok());
        let now = earliest.minus(SECOND);
        assert_eq!(at(now).unwrap_err(), EarError::NotYetValid { issued_at: NOW, now });
        assert!(matches!(at(UnixTime::from_secs(0)), Err(EarError::NotYetValid { .. })));
    }
}

#[test]
fn refuses_a_life_of_nothing_or_beyond_the_limit_on_both_sides() {
    let of = |lifetime| Ear::of(&result(&guest::milan()), &Terms { lifetime, ..terms() });
    let signer = signer();
    for format in FORMATS {
        assert!(signer.sign(&of(RESULT_LIFETIME_MAX), format).is_ok());
        for lifetime in [Duration::ZERO, RESULT_LIFETIME_MAX + SECOND] {
            let refused = signer.sign(&of(lifetime), format).unwrap_err();
            assert_eq!(refused, EarError::Lifetime { secs: lifetime.as_secs() });
        }
    }
    let forger = Forger::new();
    for exp in [NOW.as_secs(), NOW.as_secs() - 1, NOW.as_secs() + 3601, u64::MAX] {
        let refused = forger.claims(&with("", "exp", Some(json!(exp)))).unwrap_err();
        assert!(matches!(refused, EarError::Lifetime { .. }), "{exp}: {refused}");
    }
}

#[test]
fn refuses_dates_that_are_missing_or_no_whole_seconds() {
    let forger = Forger::new();
    for name in ["iat", "exp"] {
        assert_malformed(forger.claims(&with("", name, None)), name);
        for value in [json!("1790086400"), json!(-1), json!(null), json!([NOW.as_secs()])] {
            assert_malformed(forger.claims(&with("", name, Some(value))), name);
        }
        let fraction = with("", name, Some(json!(0.5 + 1_790_086_400.0)));
        assert_malformed(forger.claims(&fraction), "");
    }
}
