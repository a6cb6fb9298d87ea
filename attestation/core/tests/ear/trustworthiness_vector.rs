//! `ear_trustworthiness_vector`: what the checks of an appraisal entitle a Verifier to claim.

use cloister_attestation::ear::{Ear, EarError, TrustClaim, TrustVector};
use cloister_attestation::policy::{Expect, Policy};
use cloister_simulator::SnpGuest;
use serde_json::json;

use super::world::{Forger, RUNTIME, VECTOR, assert_malformed, conclude, ear, terms, with};
use crate::snp::guest;

fn vector(guest: &SnpGuest, policy: &Policy, admitted: bool) -> TrustVector {
    Ear::of(&conclude(guest, policy, admitted), &terms()).appraisals[0].1.vector
}

fn simulated() -> Policy {
    Policy::strict_for_simulator(guest::pki().anchor().fingerprint())
}

#[test]
fn a_simulator_is_named_and_affirms_nothing() {
    let vector = ear().appraisals[0].1.vector;
    let made: Vec<_> = vector.made().collect();
    assert_eq!(made, [(TrustClaim::Hardware, -33)]);
    assert!(vector.words(TrustClaim::Hardware).contains("simulated"));
}

#[test]
fn what_failed_is_told_of_a_simulator_too() {
    for (vector, claim, value) in [
        (vector(&guest::milan(), &simulated(), false), TrustClaim::Executables, 33),
        (vector(&guest::milan(), &Policy::strict(), true), TrustClaim::Hardware, 96),
        (debugged(), TrustClaim::RuntimeOpaque, 96),
        (debugged(), TrustClaim::Configuration, 96),
        (elsewhere(), TrustClaim::InstanceIdentity, 97),
    ] {
        assert_eq!(vector.get(claim), value, "{claim:?}");
    }
}

fn debugged() -> TrustVector {
    vector(&guest::milan().with_fields(|fields| fields.policy |= 1 << 19), &simulated(), true)
}

/// A chip that is not on the list of allowed ones.
fn elsewhere() -> TrustVector {
    let mut policy = simulated();
    policy.snp.as_mut().unwrap().signer.chips = Expect::OneOf(Vec::new());
    vector(&guest::milan(), &policy, true)
}

#[test]
fn refuses_an_affirmed_simulator_whoever_signs_it() {
    for (claim, value) in [("hardware", 2), ("executables", 3), ("storage-opaque", -2)] {
        let refused = Forger::new().claims(&with(VECTOR, claim, Some(json!(value)))).unwrap_err();
        assert!(matches!(refused, EarError::Inconsistent { .. }), "{claim}: {refused}");
    }
}

#[test]
fn refuses_unknown_claims_and_values_out_of_range() {
    let forger = Forger::new();
    assert_malformed(forger.claims(&with(VECTOR, "network", Some(json!(2)))), "network");
    for value in [json!(128), json!(-129), json!("2"), json!(null)] {
        assert_malformed(forger.claims(&with(VECTOR, "hardware", Some(value))), "hardware");
    }
    let vector = with(RUNTIME, "ear_trustworthiness_vector", Some(json!([2])));
    assert_malformed(forger.claims(&vector), "ear_trustworthiness_vector");
}
