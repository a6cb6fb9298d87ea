//! The runtime data: strict JSON, in which nothing is said twice.

use cloister_attestation::check::State;
use cloister_simulator::AzureGuest;

use super::guest::{azure, refused, snp, step, verified};

/// A paravisor whose runtime data has another text, which the hardware vouches for.
fn with(from: &'static str, to: &'static str) -> AzureGuest {
    snp().with_runtime_text(move |text| {
        assert!(text.contains(from), "{text}");
        *text = text.replacen(from, to, 1);
    })
}

#[test]
fn the_configuration_is_as_the_paravisor_wrote_it() {
    let verified = verified(&snp());
    let vm = azure(&verified).runtime().vm_configuration();
    assert!(vm.secure_boot && vm.console_enabled && vm.tpm_enabled);
    assert_eq!(vm.vm_unique_id, "5f2c1bd2-0000-4000-8000-51301a70a001");
}

#[test]
fn a_name_that_occurs_twice_is_refused_wherever_it_is() {
    for guest in [
        with("{\"keys\"", "{\"keys\":[],\"keys\""),
        with("\"secure-boot\":", "\"secure-boot\":true,\"secure-boot\":"),
        with("\"kid\":\"HCLAkPub\"", "\"kid\":\"HCLAkPub\",\"kid\":\"HCLAkPub\""),
        with("{\"keys\"", "{\"unknown\":{\"a\":1,\"a\":2},\"keys\""),
    ] {
        assert_eq!(refused(&guest), "azure.runtime_data.malformed");
    }
}

#[test]
fn what_is_not_one_json_object_with_what_is_needed_is_refused() {
    for guest in [
        with("\"keys\"", "\"kees\""),
        with("\"secure-boot\":true", "\"secure-boot\":\"true\""),
        with("\"vmUniqueId\"", "\"vm\""),
        snp().with_runtime_text(|text| text.push('x')),
        snp().with_runtime_text(|text| {
            text.pop();
        }),
        snp().with_runtime_text(|text| *text = "[]".to_owned()),
        snp().with_runtime_text(String::clear),
    ] {
        assert_eq!(refused(&guest), "azure.runtime_data.malformed");
    }
}

#[test]
fn runtime_data_has_a_limit() {
    let padded = |length: usize| {
        snp().with_runtime_text(move |text| text.push_str(&" ".repeat(length - text.len())))
    };
    verified(&padded(2048));
    assert_eq!(refused(&padded(2049)), "azure.runtime_data.malformed");
}

#[test]
fn names_without_a_known_meaning_are_shown_and_not_believed() {
    assert_eq!(step(&snp(), "azure.runtime_data.other"), State::NotApplicable);
    let guest = with("\"secure-boot\"", "\"tpm-persisted\":true,\"secure-boot\"");
    let verified = verified(&guest);
    let check = super::guest::find(verified.checks(), "azure.runtime_data.other");
    assert_eq!(check.state, State::NotAsserted);
    assert_eq!(check.observed, "vm-configuration.tpm-persisted");
}

#[test]
fn user_data_is_shown_and_demanded_of_by_nobody() {
    assert_eq!(step(&snp(), "azure.runtime_data.user_data"), State::NotAsserted);
    let without = snp().with_runtime_text(|text| {
        let at = text.find(",\"user-data\"").unwrap();
        let end = at + text[at + 2..].find(&"0".repeat(128)).unwrap() + 2 + 129;
        text.replace_range(at..end, "");
    });
    assert_eq!(step(&without, "azure.runtime_data.user_data"), State::NotApplicable);
}
