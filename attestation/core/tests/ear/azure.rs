//! Results about guests behind Azure's paravisor.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::ear::{Ear, Facts, TrustClaim, TrustVector};
use cloister_attestation::evidence::{Route, Tee};
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::reference::ReferenceSet;
use cloister_attestation::result::AttestationResult;
use cloister_attestation::verify::VerifiedEvidence;

use super::world::{FORMATS, admitting, appraised as appraised_at, relying, signer, terms};
use crate::azure::guest::{NAMED, admitted, appraised, both, measured, policy};
use crate::azure::recorded;

fn vector(result: &AttestationResult) -> TrustVector {
    Ear::of(result, &terms()).appraisals[0].1.vector
}

fn facts(result: &AttestationResult) -> Facts {
    Ear::of(result, &terms()).appraisals[0].1.facts.clone().unwrap()
}

#[test]
fn both_forms_say_which_way_the_hardwares_word_came() {
    let signer = signer();
    for guest in both() {
        let result = appraised(&guest, &admitted(guest.shape(measured(&guest), &NAMED)), &policy());
        for format in FORMATS {
            let token = signer.sign(&Ear::of(&result, &terms()), format).unwrap();
            let verified = relying(&signer, &token).unwrap();
            assert_eq!(verified.facts().route, Route::AzureVtpm);
            assert_eq!(verified.facts().tee, guest.paravisor().tee());
        }
    }
}

#[test]
fn another_guest_is_not_recognised_and_another_paravisor_is_unknown_firmware() {
    for guest in both() {
        let shape = guest.shape(measured(&guest), &NAMED);
        let mut other = guest.clone();
        other.extend(4, b"something else");
        let vector_of = |guest, set: ReferenceSet| vector(&appraised(guest, &set, &policy()));
        let other = vector_of(&other, admitted(shape));
        assert_eq!(other.get(TrustClaim::Executables), 33);
        assert_eq!(other.get(TrustClaim::Hardware), -33, "the simulator's, and nothing worse");
        let unknown = vector_of(&guest, ReferenceSet::default());
        assert_eq!(unknown.get(TrustClaim::Executables), 33);
        assert_eq!(unknown.get(TrustClaim::Hardware), 97);
    }
}

/// What a template of a recorded machine concludes about it, with its own image admitted.
fn concluded(evidence: &VerifiedEvidence, case: &recorded::Recorded) -> AttestationResult {
    let policy = Policy::from_evidence(evidence, case.now).unwrap();
    appraised_at(evidence, &admitting(evidence), &policy, case.now)
}

#[test]
fn a_genuine_machine_is_affirmed_as_far_as_anybody_vouches() {
    let cases = recorded::accepted();
    for (tee, case) in &cases {
        let evidence = case.judge(&Anchors::vendor()).unwrap();
        let result = concluded(&evidence, case);
        let vector = vector(&result);
        let affirmed = |claim| vector.get(claim);
        assert_eq!(affirmed(TrustClaim::InstanceIdentity), 2);
        assert_eq!(affirmed(TrustClaim::Executables), 3);
        assert_eq!(affirmed(TrustClaim::RuntimeOpaque), 2);
        // No CRL of AMD was recorded; Intel's are part of the collateral.
        assert_eq!(affirmed(TrustClaim::Hardware), if *tee == Tee::Snp { 0 } else { 2 });
        for claim in [TrustClaim::FileSystem, TrustClaim::StorageOpaque, TrustClaim::SourcedData] {
            assert_eq!(affirmed(claim), 0);
        }
        let named = facts(&result);
        assert!(!named.not_asserted.contains(&"appraise.hardware_owner".to_owned()));
    }
}

#[test]
fn without_a_list_of_machines_nobody_says_whose_the_hardware_is() {
    let guest = &both()[0];
    let reference = admitted(guest.shape(measured(guest), &NAMED));
    let mut policy = policy();
    let owner = |policy: &Policy| {
        let result = appraised(guest, &reference, policy);
        (result.admits(), facts(&result).not_asserted.contains(&OWNER.to_owned()))
    };
    assert_eq!(owner(&policy), (true, true));
    let chip = crate::azure::guest::verified(guest).platform().to_string();
    let chip = chip.strip_prefix("chip ").unwrap().parse().unwrap();
    policy.snp.as_mut().unwrap().signer.chips = Expect::Exactly(chip);
    assert_eq!(owner(&policy), (true, false));
    policy.snp.as_mut().unwrap().signer.chips = Expect::OneOf(Vec::new());
    assert_eq!(owner(&policy), (false, true));
}

const OWNER: &str = "appraise.hardware_owner";
