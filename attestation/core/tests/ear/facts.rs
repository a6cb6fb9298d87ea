//! The claims of our own: what a conclusion was drawn from.

use cloister_attestation::ear::{Ear, Terms};
use cloister_attestation::result::PlatformIdentity;
use serde_json::json;

use super::world::{
    FORMATS, Forger, RUNTIME, admitting, appraised, assert_malformed, claims, ear, relying, result,
    signer, terms, with,
};
use crate::snp::guest;

#[test]
fn both_forms_carry_the_same_facts() {
    let signer = signer();
    let made = ear();
    for format in FORMATS {
        let verified = relying(&signer, &signer.sign(&made, format).unwrap()).unwrap();
        assert_eq!(verified.ear(), &made);
        assert_eq!(Some(verified.facts()), made.appraisals[0].1.facts.as_ref());
    }
}

#[test]
fn every_platform_is_named_or_said_not_to_be() {
    let named = |guest| Ear::of(&result(&guest), &terms()).appraisals[0].1.facts.clone().unwrap();
    let chip = named(guest::milan()).platform;
    assert!(matches!(chip, PlatformIdentity::Chip(_)), "{chip:?}");
    let provider = named(guest::vlek()).platform;
    assert_eq!(provider, PlatformIdentity::Provider(guest::PROVIDER.to_owned()));
}

#[test]
fn what_nobody_vouches_for_is_listed_once_each() {
    let facts = ear().appraisals[0].1.facts.clone().unwrap();
    assert!(facts.not_asserted.contains(&"binding.report_data".to_owned()));
    let mut once = facts.not_asserted.clone();
    once.dedup();
    assert_eq!(once, facts.not_asserted);
}

#[test]
fn a_key_that_the_evidence_is_not_bound_to_is_not_named() {
    let signer = signer();
    let ear = Ear::of(&result(&guest::milan()), &Terms { identity_key: None, ..terms() });
    for format in FORMATS {
        let verified = relying(&signer, &signer.sign(&ear, format).unwrap()).unwrap();
        assert_eq!(verified.facts().identity_key, None);
    }
}

#[test]
fn refuses_facts_that_are_missing_unknown_or_of_another_type() {
    let forger = Forger::new();
    let claims = claims();
    let runtime = claims.pointer(RUNTIME).unwrap().as_object().unwrap();
    let optional = ["cloister.tcb-status", "cloister.image", "cloister.identity-key"];
    for name in runtime.keys().filter(|name| name.starts_with("cloister.")) {
        if !optional.contains(&name.as_str()) {
            assert_malformed(forger.claims(&with(RUNTIME, name, None)), "");
        }
        assert_malformed(forger.claims(&with(RUNTIME, name, Some(json!(7)))), "");
    }
    for (name, value) in [
        ("cloister.admin", json!(true)),
        ("cloister.simulated", json!("false")),
        ("cloister.evidence", json!("00")),
        ("cloister.tee", json!("sgx")),
        ("cloister.platform", json!({ "chip": "00", "ppid": "00" })),
        ("cloister.image", json!({ "name": "a", "version": "1", "tuple": "00" })),
        ("cloister.not-asserted", json!("everything")),
    ] {
        assert_malformed(forger.claims(&with(RUNTIME, name, Some(value))), "");
    }
}

#[test]
fn refuses_a_result_without_facts() {
    let mut claims = claims();
    let runtime = claims.pointer_mut(RUNTIME).unwrap().as_object_mut().unwrap();
    runtime.retain(|name, _| !name.starts_with("cloister."));
    assert_malformed(Forger::new().claims(&claims), "cloister");
}

#[test]
fn a_recorded_genuine_machine_is_affirmed_as_far_as_its_checks_go() {
    use cloister_attestation::ear::TrustClaim;
    use cloister_attestation::policy::Policy;
    use cloister_attestation::result::Tier;

    let Some((evidence, now)) = super::recorded::genuine_milan() else { return };
    let result = appraised(&evidence, &admitting(&evidence), &Policy::strict(), now);
    assert_eq!(result.tier(), Tier::Affirming, "{:?}", result.failures().collect::<Vec<_>>());
    let terms = Terms { issued_at: now, ..terms() };
    let ear = Ear::of(&result, &terms);
    let appraisal = &ear.appraisals[0].1;
    assert_eq!(appraisal.status, Tier::Affirming);
    for (claim, value) in [
        (TrustClaim::Executables, 3),
        (TrustClaim::RuntimeOpaque, 2),
        (TrustClaim::Configuration, 2),
        (TrustClaim::InstanceIdentity, 0),
        (TrustClaim::FileSystem, 0),
        (TrustClaim::StorageOpaque, 0),
        (TrustClaim::SourcedData, 0),
    ] {
        assert_eq!(appraisal.vector.get(claim), value, "{claim:?}");
    }
    let signer = signer();
    for format in FORMATS {
        assert!(signer.sign(&ear, format).is_ok());
    }
    assert!(!appraisal.facts.as_ref().unwrap().simulated);
}
