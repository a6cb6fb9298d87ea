//! What a policy demands of a guest behind Azure's paravisor; nothing has a default.

use cloister_attestation::azure::{AkCertificateDemand, AzurePolicy};
use cloister_attestation::check::State;
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::snp::SnpPolicy;
use cloister_attestation::tpm::{HashAlgorithm, MeasuredPcr};
use cloister_simulator::AzureGuest;

use super::guest::{NAMED, admitted, appraised, both, failures, find, measured, policy, snp};

/// How one demand ends for an admitted guest, under the strict policy changed by `change`.
fn demand(guest: &AzureGuest, id: &str, change: impl FnOnce(&mut AzurePolicy)) -> State {
    let mut policy = policy();
    change(policy.azure.as_mut().unwrap());
    let admitted = admitted(guest.shape(measured(guest), &NAMED));
    find(appraised(guest, &admitted, &policy).checks(), id).state
}

fn failing(guest: &AzureGuest, policy: &Policy) -> Vec<&'static str> {
    failures(&appraised(guest, &admitted(guest.shape(measured(guest), &NAMED)), policy))
}

#[test]
fn a_policy_without_a_section_for_azure_refuses() {
    for guest in both() {
        let without = Policy { azure: None, ..policy() };
        assert_eq!(failing(&guest, &without), ["azure.policy.section"]);
    }
}

#[test]
fn the_section_for_the_hardware_counts_as_well() {
    let without = Policy { snp: None, tdx: None, ..policy() };
    for guest in both() {
        assert_eq!(failing(&guest, &without), ["appraise.tee"]);
    }
    let debugged = super::guest::behind(
        crate::snp::guest::milan()
            .with_measurement(super::guest::PARAVISOR)
            .with_fields(|report| report.policy |= 1 << 19)
            .into(),
    );
    assert_eq!(failing(&debugged, &policy()), ["snp.policy.debug"]);
    let mut vmpl = SnpPolicy::strict();
    vmpl.launch.vmpl = Expect::Exactly(1);
    assert_eq!(failing(&snp(), &Policy { snp: Some(vmpl), ..policy() }), ["snp.vmpl"]);
}

#[test]
fn the_bank_is_one_that_is_accepted() {
    let id = "azure.policy.bank";
    let sha384 = Expect::Exactly(HashAlgorithm::Sha384);
    assert_eq!(demand(&snp(), id, |_| ()), State::Pass);
    assert_eq!(demand(&snp(), id, |azure| azure.bank = sha384), State::Fail);
    assert_eq!(demand(&snp(), id, |azure| azure.bank = Expect::OneOf(vec![])), State::Fail);
    assert_eq!(demand(&snp(), id, |azure| azure.bank = Expect::Any), State::NotAsserted);
}

#[test]
fn the_reference_value_has_to_name_what_the_policy_names() {
    let guest = snp();
    let id = "azure.policy.reference_pcrs";
    let state = |named: &[u8]| {
        let admitted = admitted(guest.shape(measured(&guest), named));
        let result = appraised(&guest, &admitted, &policy());
        (find(result.checks(), id).state, result.admits())
    };
    assert_eq!(state(&NAMED), (State::Pass, true));
    assert_eq!(state(&[4, 7, 9, 11, 12, 13]), (State::Pass, true));
    for left_out in NAMED {
        let mut named = NAMED.to_vec();
        named.retain(|pcr| *pcr != left_out);
        assert_eq!(state(&named), (State::Fail, false), "without PCR {left_out}");
    }
    assert_eq!(demand(&guest, id, |azure| azure.pcrs.clear()), State::NotAsserted);
}

#[test]
fn every_pcr_that_the_policy_names_has_to_be_quoted() {
    let id = "azure.policy.pcrs";
    assert_eq!(demand(&snp(), id, |_| ()), State::Pass);
    assert_eq!(demand(&snp(), id, |azure| azure.pcrs.clear()), State::NotAsserted);
    let zero = [0; 32];
    // Quotes PCRs 12 and 13, both of which nothing was extended into.
    let few = snp().with_attest(move |attest| attest.select(&[(12, zero), (13, zero)]));
    let named = |pcrs: &[u8]| pcrs.iter().filter_map(|pcr| MeasuredPcr::new(*pcr)).collect();
    let quoted = |pcrs: Vec<MeasuredPcr>| {
        let mut policy = policy();
        policy.azure.as_mut().unwrap().pcrs = pcrs;
        let none = cloister_attestation::reference::ReferenceSet::default();
        find(appraised(&few, &none, &policy).checks(), id).state
    };
    assert_eq!(quoted(named(&[12, 13])), State::Pass);
    assert_eq!(quoted(named(&[12])), State::Pass);
    assert_eq!(quoted(named(&[11, 12])), State::Fail);
    assert_eq!(quoted(named(&[12, 13, 14])), State::Fail);
}

#[test]
fn a_policy_cannot_name_a_pcr_that_software_can_reset() {
    let mut json = serde_json::to_value(AzurePolicy::strict()).unwrap();
    for (index, reads) in
        [(0, true), (15, true), (16, false), (17, false), (23, false), (24, false)]
    {
        json["pcrs"] = serde_json::json!([index]);
        let read = serde_json::from_value::<AzurePolicy>(json.clone());
        assert_eq!(read.is_ok(), reads, "PCR {index}");
    }
}

#[test]
fn every_demand_is_written_out_and_nothing_else_is_read() {
    let json = serde_json::to_value(AzurePolicy::strict()).unwrap();
    serde_json::from_value::<AzurePolicy>(json.clone()).unwrap();
    let names: Vec<String> = json.as_object().unwrap().keys().cloned().collect();
    for name in names {
        let mut less = json.clone();
        less.as_object_mut().unwrap().remove(&name);
        assert!(serde_json::from_value::<AzurePolicy>(less).is_err(), "{name} has a default");
    }
    let mut more = json;
    more["secureboot"] = serde_json::json!("any");
    assert!(serde_json::from_value::<AzurePolicy>(more).is_err());
}

#[test]
fn azures_certificate_is_demanded_only_where_the_policy_says_so() {
    let id = "azure.policy.ak_certificate";
    assert_eq!(demand(&snp(), id, |_| ()), State::NotAsserted);
    let required = |azure: &mut AzurePolicy| azure.ak_certificate = AkCertificateDemand::Required;
    assert_eq!(demand(&snp(), id, required), State::Fail);
}

#[test]
fn the_configuration_of_the_vm_is_as_demanded() {
    let insecure = snp().with_runtime_text(|text| {
        *text = text.replace("\"secure-boot\":true", "\"secure-boot\":false");
    });
    assert_eq!(demand(&snp(), "azure.policy.secure_boot", |_| ()), State::Pass);
    assert_eq!(demand(&insecure, "azure.policy.secure_boot", |_| ()), State::Fail);
    let console = "azure.policy.console_enabled";
    assert_eq!(demand(&snp(), console, |_| ()), State::NotAsserted);
    let without = |azure: &mut AzurePolicy| azure.console_enabled = Expect::Exactly(false);
    assert_eq!(demand(&snp(), console, without), State::Fail);
    let (vm, known) = ("azure.policy.vm_unique_id", "5f2c1bd2-0000-4000-8000-51301a70a001");
    let only = |id: &'static str| {
        move |azure: &mut AzurePolicy| azure.vm_unique_id = Expect::Exactly(id.to_owned())
    };
    assert_eq!(demand(&snp(), vm, only(known)), State::Pass);
    assert_eq!(demand(&snp(), vm, only("another")), State::Fail);
}

#[test]
fn an_event_log_that_does_not_explain_the_pcrs_is_refused() {
    use cloister_attestation::appraise::{Expected, appraise};
    let verified = super::guest::verified(&snp()).with_event_log(b"no log at all");
    let expected = Expected { report_data: Expect::Any, image: None };
    let result = appraise(&verified, &expected, &policy(), super::guest::NOW);
    assert!(result.failures().any(|check| check.code.id.starts_with("eventlog.")));
}
