//! The vector by the outcomes of named checks, on hardware that a simulator cannot stand for.

use super::BASES;
use crate::check::{Check, State};
use crate::code::Code;
use crate::ear::{TrustClaim, TrustVector};

fn code(id: &str) -> &'static Code {
    crate::code::codes().find(|code| code.id == id).unwrap_or_else(|| panic!("no code {id}"))
}

fn check(id: &str, state: State) -> Check {
    Check { state, ..Check::not_asserted(code(id), "") }
}

/// All that an appraisal of an SEV-SNP guest behind Azure's paravisor rests its claims on.
const AZURE: [&str; 13] = [
    "appraise.anchor",
    "snp.tcb.below_floor",
    "snp.revocation.known",
    "snp.chip_id.allowed",
    "snp.policy.debug",
    "snp.policy.migrate_ma",
    "snp.vmpl",
    "reference.match",
    "azure.paravisor",
    "azure.policy.pcrs",
    "azure.policy.reference_pcrs",
    "azure.policy.secure_boot",
    "azure.policy.vm_unique_id",
];

/// What is claimed where these checks end like this and all others of [`AZURE`] pass.
fn azure(others: &[(&str, State)]) -> [i8; 8] {
    let state = |id: &str| others.iter().find(|(other, _)| *other == id);
    let mut checks: Vec<Check> = AZURE
        .iter()
        .map(|id| check(id, state(id).map_or(State::Pass, |(_, state)| *state)))
        .collect();
    let more = others.iter().filter(|(id, _)| !AZURE.contains(id));
    checks.extend(more.map(|(id, state)| check(id, *state)));
    let vector = TrustVector::from_checks(&checks, false);
    TrustClaim::ALL.map(|claim| vector.get(claim))
}

const GOOD: [i8; 8] = [2, 2, 3, 0, 2, 2, 0, 0];

/// [`GOOD`] with other values for these claims, by their label.
fn but(others: &[(usize, i8)]) -> [i8; 8] {
    let mut vector = GOOD;
    others.iter().for_each(|(claim, value)| vector[*claim] = *value);
    vector
}

#[test]
fn every_id_that_a_claim_rests_on_is_one_that_checks_have() {
    let known: Vec<&str> = crate::code::codes().map(|code| code.id).collect();
    let starts = || {
        let contradicted = BASES.iter().flat_map(|basis| basis.contradicted);
        contradicted.flat_map(|(_, starts)| *starts)
    };
    for id in BASES.iter().flat_map(|basis| basis.needed) {
        assert!(known.contains(id), "{id}");
        assert!(starts().any(|start| id.starts_with(start)), "{id} can fail unseen");
    }
    for start in starts() {
        assert!(known.iter().any(|id| id.starts_with(start)), "{start}");
    }
}

#[test]
fn on_azure_every_claim_is_affirmed_where_everything_that_it_rests_on_passed() {
    assert_eq!(azure(&[]), GOOD);
}

#[test]
fn on_azure_what_nobody_vouches_for_is_no_claim() {
    for (id, without) in [
        ("snp.chip_id.allowed", but(&[(0, 0)])),
        ("azure.policy.vm_unique_id", but(&[(0, 0)])),
        ("azure.policy.secure_boot", but(&[(1, 0)])),
        ("snp.vmpl", but(&[(1, 0)])),
        ("reference.match", but(&[(2, 0)])),
        ("azure.policy.pcrs", but(&[(2, 0)])),
        ("azure.policy.reference_pcrs", but(&[(2, 0)])),
        ("snp.revocation.known", but(&[(4, 0)])),
        ("snp.policy.debug", but(&[(1, 0), (5, 0)])),
        // Nobody knows the paravisor, which is firmware and reads the guest's memory.
        ("azure.paravisor", but(&[(4, 0), (5, 0)])),
    ] {
        assert_eq!(azure(&[(id, State::NotAsserted)]), without, "{id}");
    }
}

#[test]
fn on_azure_what_failed_contradicts_the_claim_that_rests_on_it() {
    for (id, broken) in [
        ("azure.policy.vm_unique_id", but(&[(0, 97)])),
        ("azure.policy.secure_boot", but(&[(1, 96)])),
        ("azure.policy.console_enabled", but(&[(1, 96)])),
        ("azure.policy.section", but(&[(1, 96), (2, 0)])),
        ("reference.match", but(&[(2, 33)])),
        ("azure.policy.reference_pcrs", but(&[(2, 33)])),
        ("azure.paravisor", but(&[(4, 97), (5, 0)])),
        ("appraise.tee", but(&[(1, 96), (4, 96), (5, 0)])),
    ] {
        assert_eq!(azure(&[(id, State::Fail)]), broken, "{id}");
    }
}

#[test]
fn paravisor_and_guest_are_judged_apart() {
    // The right paravisor with another guest, and the right PCRs behind another paravisor.
    let guest = azure(&[("reference.match", State::Fail)]);
    assert_eq!(guest, but(&[(2, 33)]));
    let paravisor = azure(&[("reference.match", State::Fail), ("azure.paravisor", State::Fail)]);
    assert_eq!(paravisor, but(&[(2, 33), (4, 97), (5, 0)]));
}

#[test]
fn the_worst_of_two_failures_counts() {
    let both = azure(&[("azure.paravisor", State::Fail), ("snp.tcb.below_floor", State::Fail)]);
    assert_eq!(both, but(&[(4, 97), (5, 0)]));
}

#[test]
fn a_simulator_affirms_nothing_and_is_contradicted_like_any_other() {
    let checks = AZURE.map(|id| check(id, State::Pass));
    assert_eq!(TrustVector::from_checks(&checks, true), TrustVector::default());
    let failed = [check("azure.paravisor", State::Fail)];
    assert_eq!(TrustVector::from_checks(&failed, true).get(TrustClaim::Hardware), 97);
}
