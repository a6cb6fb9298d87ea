//! `submods`: one, about the runtime. And whatever else stands beside the known claims.

use serde_json::json;

use super::world::{Forger, RUNTIME, assert_malformed, claims, with};

#[test]
fn refuses_none_several_and_one_of_another_name() {
    let forger = Forger::new();
    let runtime = claims().pointer(RUNTIME).unwrap().clone();
    for submods in [
        json!({}),
        json!({ "guest": runtime }),
        json!({ "runtime": runtime, "guest": runtime }),
        json!([runtime]),
        json!({ "runtime": 7 }),
    ] {
        assert_malformed(forger.claims(&with("", "submods", Some(submods))), "submod");
    }
    assert_malformed(forger.claims(&with("", "submods", None)), "submods");
}

#[test]
fn refuses_claims_that_are_unknown_at_every_level() {
    let forger = Forger::new();
    for (parent, name) in
        [("", "admin"), ("", "ear_raw_evidence"), (RUNTIME, "admin"), ("/ear_verifier_id", "x")]
    {
        assert_malformed(forger.claims(&with(parent, name, Some(json!("x")))), name);
    }
}

#[test]
fn refuses_claims_that_are_missing_or_of_another_type() {
    let forger = Forger::new();
    for (parent, name) in [
        ("", "iss"),
        ("", "jti"),
        ("", "ear_verifier_id"),
        ("/ear_verifier_id", "developer"),
        ("/ear_verifier_id", "build"),
    ] {
        assert_malformed(forger.claims(&with(parent, name, None)), name);
        assert_malformed(forger.claims(&with(parent, name, Some(json!(7)))), name);
    }
}

#[test]
fn names_one_policy_by_its_digest() {
    let forger = Forger::new();
    let policies = &claims()["submods"]["runtime"]["ear_appraisal_policy_ids"];
    assert_eq!(policies.as_array().unwrap().len(), 1);
    assert!(policies[0].as_str().unwrap().starts_with("sha-384:"));
    for policies in [json!([]), json!(["a", "b"])] {
        let claims = with(RUNTIME, "ear_appraisal_policy_ids", Some(policies));
        assert_malformed(forger.claims(&claims), "policy");
    }
    assert_malformed(forger.claims(&with(RUNTIME, "ear_appraisal_policy_ids", None)), "policy");
}
