//! What `cloister doctor` sees.

use cloister_attestation::check::{Check, State};
use cloister_attester::{Choice, Options, codes, doctor};
use cloister_simulator::tsm_fs::TsmFs;

use crate::support::{Kernel, snp};

fn state(findings: &[Check], code: &cloister_attestation::code::Code) -> State {
    findings.iter().find(|check| check.code == code).expect("the finding is there").state
}

#[test]
fn a_working_machine_passes() {
    let Some(kernel) = Kernel::mount(TsmFs::new(snp())) else { return };
    let findings = doctor::findings(&kernel.options(Choice::Auto));
    for code in [&codes::DOCTOR_TSM, &codes::DOCTOR_ENTRY, &codes::DOCTOR_COLLECT] {
        assert_eq!(state(&findings, code), State::Pass, "{findings:#?}");
    }
    assert_eq!(kernel.entries(), 0);
}

#[test]
fn a_machine_without_configfs_fails_with_a_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let tsm_root = directory.path().join("absent");
    let findings =
        doctor::findings(&Options { tsm_root, ..Options::new(crate::support::forced_snp()) });
    for code in [&codes::DOCTOR_TSM, &codes::DOCTOR_ENTRY, &codes::DOCTOR_COLLECT] {
        assert_eq!(state(&findings, code), State::Fail, "{findings:#?}");
    }
    let collection = findings.iter().find(|check| check.code == &codes::DOCTOR_COLLECT).unwrap();
    assert!(collection.observed.contains(codes::TEE_UNAVAILABLE.id), "{}", collection.observed);
}

#[test]
fn a_missing_paravisor_is_a_failure_only_where_it_was_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let options = |choice| Options {
        tsm_root: directory.path().join("tsm"),
        tpm: directory.path().join("tpmrm0"),
        ..Options::new(choice)
    };
    let findings = doctor::findings(&options(Choice::Auto));
    assert_eq!(state(&findings, &codes::DOCTOR_VTPM), State::NotAsserted);
    let findings = doctor::findings(&options(Choice::AzureVtpm));
    assert_eq!(state(&findings, &codes::DOCTOR_VTPM), State::Fail);
    let collection = findings.last().unwrap();
    assert!(collection.observed.contains(codes::TEE_UNAVAILABLE.id), "{}", collection.observed);
}

#[test]
fn an_unknown_provider_fails() {
    let Some(kernel) = Kernel::mount(TsmFs::new(snp()).with_provider("arm_cca_guest")) else {
        return;
    };
    let findings = doctor::findings(&kernel.options(Choice::Auto));
    assert_eq!(state(&findings, &codes::DOCTOR_ENTRY), State::Fail);
    assert_eq!(state(&findings, &codes::DOCTOR_COLLECT), State::Fail);
}
