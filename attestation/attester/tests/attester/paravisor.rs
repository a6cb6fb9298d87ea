//! Collecting behind a paravisor, from a real TPM.

use std::collections::BTreeMap;

use cloister_attestation::anchor::Anchors;
use cloister_attestation::azure::VerifiedAzure;
use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::evidence::{Route, Tee};
use cloister_attestation::tpm::Digest;
use cloister_attestation::verify::VerifiedEvidence;
use cloister_attester::AttesterError;

use crate::support::{pki, report_data};
use crate::vm::{Vm, bound, extended, snp};

fn azure(verified: &VerifiedEvidence) -> &VerifiedAzure {
    let VerifiedEvidence::Azure(azure) = verified else { panic!("not behind a paravisor") };
    azure
}

#[test]
fn what_a_real_tpm_quotes_verifies_and_is_what_was_measured() {
    let Some(vm) = Vm::start(snp()) else { return };
    vm.extend(4, b"kernel");
    vm.extend(11, b"initrd");
    let attester = vm.open().unwrap();
    assert_eq!(attester.tee(), Tee::Snp);
    let collected = attester.collect(&report_data(7)).unwrap();
    let verified = vm.judge(&collected).unwrap();
    assert_eq!((verified.tee(), verified.route()), (Tee::Snp, Route::AzureVtpm));
    assert!(bound(&verified, report_data(7)));
    let pcrs: BTreeMap<u8, Digest> = azure(&verified).quote().pcrs().iter().collect();
    assert_eq!(pcrs.len(), 16, "all that count as measurement, and no other");
    assert_eq!(pcrs[&4], Digest::Sha256(extended(b"kernel")));
    assert_eq!(pcrs[&11], Digest::Sha256(extended(b"initrd")));
    assert_eq!(pcrs[&9], Digest::Sha256([0; 32]));
}

#[test]
fn evidence_is_bound_to_what_it_was_collected_for_and_to_nothing_else() {
    let Some(vm) = Vm::start(snp()) else { return };
    let attester = vm.open().unwrap();
    for mark in [1, 2] {
        let verified = vm.judge(&attester.collect(&report_data(mark)).unwrap()).unwrap();
        assert!(bound(&verified, report_data(mark)) && !bound(&verified, report_data(3 - mark)));
    }
}

#[test]
fn a_software_paravisor_says_so_and_no_vendor_vouches_for_it() {
    let Some(vm) = Vm::start(snp()) else { return };
    let attester = vm.open().unwrap();
    assert!(attester.simulated());
    assert!(attester.description().starts_with("SIMULATED snp"), "{}", attester.description());
    let collected = attester.collect(&report_data(1)).unwrap();
    assert!(vm.judge_by(&pki().anchors(), &collected).is_ok());
    assert_eq!(vm.judge_by(&Anchors::vendor(), &collected).unwrap_err(), "snp.chain.root");
}

#[test]
fn a_tpm_without_a_paravisors_report_is_no_tee() {
    let Some(vm) = Vm::bare(snp()) else { return };
    let error = vm.open().unwrap_err();
    assert!(matches!(error, AttesterError::NotATee { .. }), "{error}");
    assert_eq!(error.code().id, "attester.vtpm.not_a_tee");
}

#[test]
fn a_report_without_hardware_behind_it_is_no_tee() {
    // What Azure's Trusted Launch leaves there: virtualization-based security.
    let Some(vm) = Vm::start(snp().with_hcl_fields(|hcl| hcl.report_type = 1)) else { return };
    let error = vm.open().unwrap_err();
    assert!(matches!(error, AttesterError::NotATee { .. }), "{error}");
}

#[test]
fn what_was_made_survives_a_restart_of_the_tpm_and_the_pcrs_do_not() {
    let Some(program) = crate::swtpm::program() else { return };
    let state = tempfile::tempdir().unwrap();
    let start = |program| cloister_simulator::swtpm::Swtpm::start(program, state.path()).unwrap();
    let service = cloister_attester::QuoteService::AZURE;
    let open = |swtpm: &cloister_simulator::swtpm::Swtpm| {
        let socket = Box::new(swtpm.socket().clone());
        cloister_attester::Attester::behind_paravisor(socket, service).unwrap()
    };
    let first = start(program);
    let mut tpm = cloister_attester::tpm::Tpm::new(
        cloister_attester::tpm::Connect::connect(first.socket()).unwrap(),
    );
    snp().provision(&mut tpm).unwrap();
    tpm.run(&crate::vm::extend(4, b"kernel")).unwrap();
    drop(tpm);
    let before = open(&first).collect(&report_data(1)).unwrap().vtpm.unwrap();
    drop(first);
    let second = start(crate::swtpm::program().unwrap());
    let after = open(&second).collect(&report_data(1)).unwrap().vtpm.unwrap();
    assert_eq!(before.hcl_report, after.hcl_report);
    assert_eq!(before.pcrs[4 * 32..5 * 32], extended(b"kernel"));
    assert_eq!(after.pcrs[4 * 32..5 * 32], [0; 32]);
}
