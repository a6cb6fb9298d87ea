//! `ear_status`: the conclusion, never better than what it rests on.

use cloister_attestation::ear::{Ear, EarError};
use cloister_attestation::policy::Policy;
use cloister_attestation::result::Tier;
use serde_json::json;

use super::world::{
    FORMATS, Forger, RUNTIME, VECTOR, assert_malformed, conclude, ear, relying, result, signer,
    terms, with,
};
use crate::snp::guest;

#[test]
fn a_good_simulated_guest_is_a_warning_in_both_forms() {
    let signer = signer();
    for format in FORMATS {
        let verified = relying(&signer, &signer.sign(&ear(), format).unwrap()).unwrap();
        assert_eq!(verified.status(), Tier::Warning);
        assert!(verified.facts().simulated);
    }
}

#[test]
fn a_failed_demand_is_contraindicated_and_an_unjudged_image_is_none_or_worse() {
    let refused = Ear::of(&conclude(&guest::milan(), &Policy::strict(), true), &terms());
    assert_eq!(refused.appraisals[0].1.status, Tier::Contraindicated, "vendor roots demanded");
    let policy = Policy::strict_for_simulator(guest::pki().anchor().fingerprint());
    let unknown = Ear::of(&conclude(&guest::milan(), &policy, false), &terms());
    assert_eq!(unknown.appraisals[0].1.status, Tier::Contraindicated, "image not admitted");
    let signer = signer();
    for format in FORMATS {
        let verified = relying(&signer, &signer.sign(&unknown, format).unwrap()).unwrap();
        assert_eq!(verified.status(), Tier::Contraindicated);
        assert_eq!(verified.facts().failed, ["reference.match"]);
    }
}

#[test]
fn refuses_a_status_better_than_its_claims_on_both_sides() {
    let forger = Forger::new();
    for status in ["affirming", "none"] {
        let claims = with(RUNTIME, "ear_status", Some(json!(status)));
        let refused = forger.claims(&claims).unwrap_err();
        assert!(matches!(refused, EarError::Inconsistent { .. }), "{status}: {refused}");
    }
    let refused = forger.claims(&with(VECTOR, "executables", Some(json!(96)))).unwrap_err();
    assert!(matches!(refused, EarError::Inconsistent { .. }), "{refused}");
    let mut ear = ear();
    ear.appraisals[0].1.status = Tier::Affirming;
    for format in FORMATS {
        assert!(matches!(signer().sign(&ear, format), Err(EarError::Inconsistent { .. })));
    }
}

#[test]
fn refuses_an_acceptable_status_beside_failed_checks() {
    let claims = with(RUNTIME, "cloister.failed", Some(json!(["reference.match"])));
    let refused = Forger::new().claims(&claims).unwrap_err();
    assert!(matches!(refused, EarError::Inconsistent { .. }), "{refused}");
}

#[test]
fn refuses_what_is_not_one_of_the_four_words() {
    let forger = Forger::new();
    for status in [json!("Warning"), json!("good"), json!(32), json!(null)] {
        assert_malformed(forger.claims(&with(RUNTIME, "ear_status", Some(status))), "ear_status");
    }
    assert_malformed(forger.claims(&with(RUNTIME, "ear_status", None)), "ear_status");
}

#[test]
fn the_digest_of_the_recorded_result_is_named() {
    let result = result(&guest::milan());
    let facts = Ear::of(&result, &terms()).appraisals[0].1.facts.clone().unwrap();
    assert_eq!((facts.appraisal, facts.evidence), (result.digest(), *result.evidence()));
}
