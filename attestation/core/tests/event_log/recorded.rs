//! Recorded logs: each replays to the registers that its author published.

use cloister_attestation::event_log::{EventLog, HashAlgorithm, LogKind, Register, Registers};
use serde_json::Value;

use crate::vectors::{self, Case};

fn about(case: &Case) -> Value {
    serde_json::from_slice(&case.file("case.json").unwrap()).unwrap()
}

fn log(case: &Case) -> EventLog {
    let kind = if case.name.starts_with("ccel") { LogKind::Ccel } else { LogKind::Tpm };
    EventLog::parse(kind, &case.file("eventlog.bin").unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

fn published(about: &Value) -> (HashAlgorithm, Vec<(Register, String)>) {
    let hex = |value: &Value| value.as_str().unwrap().to_owned();
    if let Some(rtmrs) = about["sha384_mr_1_4_as_rtmr0_3"].as_array() {
        let named = (0..).map(Register::Rtmr).zip(rtmrs.iter().map(hex)).collect();
        return (HashAlgorithm::Sha384, named);
    }
    let pcrs = about["sha256_pcrs"].as_object().unwrap();
    let named = pcrs.iter().map(|(pcr, value)| (Register::Pcr(pcr.parse().unwrap()), hex(value)));
    (HashAlgorithm::Sha256, named.collect())
}

fn value(registers: &Registers, register: Register) -> String {
    let len = registers.bank().digest_len().unwrap();
    registers.value(register).map_or_else(|| "00".repeat(len), ToString::to_string)
}

#[test]
fn every_recorded_log_replays_to_the_published_registers() {
    let Some(cases) = vectors::cases("eventlog") else { return };
    for case in cases {
        let (about, log) = (about(&case), log(&case));
        assert_eq!(u64::try_from(log.events().len()).unwrap(), about["events"].as_u64().unwrap());
        let (bank, published) = published(&about);
        let replayed = log.replay(bank).unwrap();
        for (register, expected) in &published {
            assert_eq!(value(&replayed, *register), *expected, "{} {register}", case.name);
        }
        let known = |register| published.iter().any(|(known, _)| *known == register);
        assert!(replayed.iter().all(|(register, _)| known(register)), "{}", case.name);
    }
}

#[test]
fn every_recorded_payload_that_is_measured_is_what_was_measured() {
    let Some(cases) = vectors::cases("eventlog") else { return };
    for case in cases {
        let log = log(&case);
        for bank in log.banks().to_vec() {
            for check in log.self_checks(bank) {
                let separators = check.code.id == "eventlog.separators";
                assert!(!check.failed() || separators, "{} {bank}: {check:?}", case.name);
            }
        }
    }
}

#[test]
fn a_repeated_separator_is_noticed() {
    let Some(case) = vectors::named("eventlog", "ccel-gcp-dupe-separator-unpadded") else { return };
    assert_eq!(log(&case).repeated_separators(), [Register::Rtmr(0)]);
}
