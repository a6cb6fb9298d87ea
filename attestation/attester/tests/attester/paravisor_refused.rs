//! What is refused of a paravisor's TPM: at once where it shows, and else by whoever verifies.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use cloister_attestation::code::Diagnostic as _;
use cloister_attester::AttesterError;
use cloister_attester::tpm::{Command, Transport};

use crate::support::report_data;
use crate::vm::{Vm, extend, snp};

const NV_READ: u32 = 0x14e;
const QUOTE: u32 = 0x158;
const PCR_READ: u32 = 0x17e;

fn code(command: &[u8]) -> u32 {
    u32::from_be_bytes(command[6..10].try_into().unwrap())
}

fn forward(tpm: &mut dyn Transport, command: &[u8]) -> Vec<u8> {
    tpm.exchange(command).unwrap()
}

fn refused(vm: &Vm) -> &'static str {
    vm.open().and_then(|attester| attester.collect(&report_data(1))).unwrap_err().code().id
}

#[test]
fn values_of_another_boot_are_not_what_was_quoted() {
    let Some(vm) = Vm::start(snp()) else { return };
    let attester = vm.open().unwrap();
    let mut old = attester.collect(&report_data(1)).unwrap();
    vm.extend(4, b"another kernel");
    let new = attester.collect(&report_data(1)).unwrap();
    assert!(vm.judge(&new).is_ok());
    old.vtpm.as_mut().unwrap().pcrs = new.vtpm.unwrap().pcrs;
    assert_eq!(vm.judge(&old).unwrap_err(), "tpm.quote.pcr_digest");
}

#[test]
fn a_quote_of_another_tpm_is_refused() {
    let Some(vm) = Vm::start(snp()) else { return };
    let Some(other) = Vm::start(snp()) else { return };
    let mut mixed = vm.open().unwrap().collect(&report_data(1)).unwrap();
    let borrowed = other.open().unwrap().collect(&report_data(1)).unwrap().vtpm.unwrap();
    let vtpm = mixed.vtpm.as_mut().unwrap();
    (vtpm.quote, vtpm.signature, vtpm.pcrs) = (borrowed.quote, borrowed.signature, borrowed.pcrs);
    assert_eq!(vm.judge(&mixed).unwrap_err(), "tpm.quote.signature");
}

#[test]
fn a_key_that_the_report_does_not_name_is_not_quoted_with() {
    let renamed = snp().with_runtime_text(|text| *text = text.replace("HCLAkPub", "HCLOther"));
    let Some(vm) = Vm::start(renamed) else { return };
    assert_eq!(refused(&vm), "attester.vtpm.key");
    let replaced = snp().with_runtime_text(|text| {
        let at = text.find("\"n\":\"").unwrap() + 10;
        let digit = if &text[at..=at] == "A" { "B" } else { "A" };
        text.replace_range(at..=at, digit);
    });
    let Some(vm) = Vm::start(replaced) else { return };
    assert_eq!(refused(&vm), "attester.vtpm.key");
}

#[test]
fn a_key_that_is_gone_is_told() {
    let Some(vm) = Vm::start(snp()) else { return };
    let key = 0x8100_0003;
    let evict = Command::new("TPM2_EvictControl", 0x120).authorized(0x4000_0001).handle(key);
    vm.tpm().run(&evict.u32(key)).unwrap();
    assert_eq!(refused(&vm), "attester.vtpm.key");
}

#[test]
fn a_report_that_does_not_vouch_for_its_runtime_data_is_refused() {
    let other = snp().with_hardware_report_data(|asked| *asked = report_data(9));
    let Some(vm) = Vm::start(other) else { return };
    let error = vm.open().unwrap_err();
    assert!(matches!(error, AttesterError::TornReport { .. }), "{error}");
    assert_eq!(error.code().id, "attester.vtpm.report");
}

#[test]
fn a_report_that_is_renewed_while_it_is_read_is_read_again() {
    let Some(vm) = Vm::start(snp()) else { return };
    let pieces = AtomicU32::new(0);
    let attester = vm.open_through(move |tpm, command| {
        let mut answer = forward(tpm, command);
        // The last of four pieces, once: it ends in the runtime data.
        if code(command) == NV_READ && pieces.fetch_add(1, Ordering::Relaxed) == 3 {
            let middle = answer.len() / 2;
            answer[middle] ^= 1;
        }
        answer
    });
    let collected = attester.unwrap().collect(&report_data(1)).unwrap();
    assert!(vm.judge(&collected).is_ok());
}

#[test]
fn every_cut_answer_is_refused() {
    let Some(vm) = Vm::start(snp()) else { return };
    // One connection reads the report, and another one asks for the quote.
    for number in 0.. {
        let answers = AtomicU32::new(0);
        let attester = vm.open_through(move |tpm, command| {
            let mut answer = forward(tpm, command);
            if answers.fetch_add(1, Ordering::Relaxed) == number {
                answer.pop();
            }
            answer
        });
        match attester.and_then(|attester| attester.collect(&report_data(1))) {
            Err(error) => assert_eq!(error.code().id, "attester.tpm.response", "{number}: {error}"),
            Ok(_) => {
                assert!(number > 10, "only {number} answers");
                break;
            }
        }
    }
}

#[test]
fn a_recorded_quote_is_no_answer_to_another_question() {
    let Some(vm) = Vm::start(snp()) else { return };
    let recorded = Mutex::new(None);
    let attester = vm.open_through(move |tpm, command| {
        if code(command) != QUOTE {
            return forward(tpm, command);
        }
        recorded.lock().unwrap().get_or_insert_with(|| forward(tpm, command)).clone()
    });
    let attester = attester.unwrap();
    assert!(attester.collect(&report_data(1)).is_ok());
    let error = attester.collect(&report_data(2)).unwrap_err();
    assert!(matches!(error, AttesterError::OtherReportData), "{error}");
}

#[test]
fn a_pcr_that_is_extended_meanwhile_is_quoted_again_and_not_for_ever() {
    let Some(vm) = Vm::start(snp()) else { return };
    for (times, succeeds) in [(1, true), (u32::MAX, false)] {
        let extended = AtomicU32::new(0);
        let attester = vm.open_through(move |tpm, command| {
            if code(command) == PCR_READ && extended.fetch_add(1, Ordering::Relaxed) < times {
                forward(tpm, &extend(15, b"meanwhile").encode().unwrap());
            }
            forward(tpm, command)
        });
        match attester.unwrap().collect(&report_data(1)) {
            Ok(collected) => assert!(succeeds && vm.judge(&collected).is_ok()),
            Err(error) => assert!(!succeeds && error.code().id == "attester.vtpm.pcrs", "{error}"),
        }
    }
}
