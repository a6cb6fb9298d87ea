use std::path::Path;

use cloister_attestation::evidence::Tee;

use super::{Machine, Source};
use crate::choice::{Choice, Interface};
use crate::error::AttesterError;

/// A machine whose interfaces are the given files of an empty directory.
fn machine(directory: &Path, present: &[&str]) -> Machine {
    for name in present {
        std::fs::write(directory.join(name), "").unwrap();
    }
    Machine {
        tsm_root: directory.join("tsm"),
        sev_guest: directory.join("sev-guest"),
        tdx_guest: directory.join("tdx_guest"),
        tpm: directory.join("tpmrm0"),
    }
}

#[test]
fn a_machine_without_a_tee_is_told_what_was_looked_for() {
    let directory = tempfile::tempdir().unwrap();
    let error = machine(directory.path(), &[]).select(&Choice::Auto).unwrap_err();
    let AttesterError::NoTee { looked_for } = error else { panic!("{error}") };
    assert_eq!(looked_for.len(), 4);
    assert!(looked_for[0].contains("tsm") && looked_for[1].contains("sev-guest"));
    assert!(looked_for[3].ends_with("tpmrm0 (absent)"), "{}", looked_for[3]);
}

#[test]
fn the_snp_device_is_used_where_there_is_no_configfs() {
    let directory = tempfile::tempdir().unwrap();
    let machine = machine(directory.path(), &["sev-guest"]);
    for choice in [Choice::Auto, Choice::Snp(Interface::Auto), Choice::Snp(Interface::Device)] {
        assert_eq!(machine.select(&choice).unwrap(), Source::SevGuest);
    }
}

#[test]
fn a_forced_tee_is_never_replaced_by_another() {
    let directory = tempfile::tempdir().unwrap();
    let machine = machine(directory.path(), &["sev-guest"]);
    for interface in [Interface::Auto, Interface::Configfs, Interface::Device] {
        let error = machine.select(&Choice::Tdx(interface)).unwrap_err();
        assert!(matches!(error, AttesterError::Unavailable { .. }), "{error}");
    }
    let error = machine.select(&Choice::Snp(Interface::Configfs)).unwrap_err();
    assert!(matches!(error, AttesterError::Unavailable { .. }), "{error}");
}

#[test]
fn the_tdx_device_alone_is_no_way_to_a_quote() {
    let directory = tempfile::tempdir().unwrap();
    let machine = machine(directory.path(), &["tdx_guest"]);
    for choice in [Choice::Auto, Choice::Tdx(Interface::Auto), Choice::Tdx(Interface::Device)] {
        let error = machine.select(&choice).unwrap_err();
        assert!(matches!(error, AttesterError::NoQuote { .. }), "{error}");
    }
}

#[test]
fn what_does_not_answer_like_a_tpm_is_none_and_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let error = machine(directory.path(), &["tpmrm0"]).select(&Choice::Auto).unwrap_err();
    let AttesterError::NoTee { looked_for } = error else { panic!("{error}") };
    assert!(looked_for[3].contains("TPM2_NV_ReadPublic"), "{}", looked_for[3]);
}

#[test]
fn a_simulator_is_used_only_when_named() {
    let directory = tempfile::tempdir().unwrap();
    let machine = machine(directory.path(), &[]);
    let socket = directory.path().join("simulator.sock");
    std::fs::write(&socket, "").unwrap();
    assert!(machine.select(&Choice::Auto).is_err());
    assert_eq!(
        machine.select(&Choice::Simulator(socket.clone())).unwrap(),
        Source::Simulator(socket)
    );
}

#[test]
fn providers_have_one_tee_each() {
    for tee in [Tee::Snp, Tee::Tdx] {
        assert_eq!(crate::tsm::tee_of(crate::tsm::provider_of(tee)), Some(tee));
    }
    assert_eq!(crate::tsm::tee_of("arm_cca_guest"), None);
}
