//! The `StartupLocality` event: with which value PCR 0 starts.

use cloister_attestation::code::Diagnostic;
use cloister_attestation::event_log::{EventLog, HashAlgorithm, LogKind, Register};

use super::bytes::{ACTION, NO_ACTION, SHA256, measured, parse, raw, sha256, tpm};

fn locality(payload: &[u8]) -> Vec<u8> {
    let payload = [b"StartupLocality\0", payload].concat();
    raw(0, NO_ACTION, &[(SHA256, &[0; 32])], &payload)
}

#[test]
fn pcr_0_starts_with_the_locality_and_no_other_register_does() {
    for start in [0, 3, 4] {
        let events = [locality(&[start]), measured(0, ACTION, b"x"), measured(1, ACTION, b"x")];
        let log = parse(&tpm(&events)).unwrap();
        assert_eq!(log.startup_locality(), start);
        let replayed = log.replay(HashAlgorithm::Sha256).unwrap();
        for (pcr, last) in [(0, start), (1, 0)] {
            let mut value = vec![0; 32];
            value[31] = last;
            value.extend(sha256(b"x"));
            let expected = sha256(&value);
            assert_eq!(replayed.value(Register::Pcr(pcr)).unwrap().as_bytes(), expected);
        }
    }
}

#[test]
fn rejects_other_localities_and_other_lengths() {
    for payload in [&[1][..], &[2], &[5], &[255], &[], &[3, 0]] {
        let refused = parse(&tpm(&[locality(payload)]));
        assert_eq!(refused.unwrap_err(), "eventlog.startup_locality", "{payload:?}");
    }
}

#[test]
fn rejects_a_second_one_and_one_that_comes_too_late() {
    let twice = parse(&tpm(&[locality(&[3]), locality(&[3])]));
    assert_eq!(twice.unwrap_err(), "eventlog.startup_locality");
    let late = parse(&tpm(&[measured(0, ACTION, b"x"), locality(&[3])]));
    assert_eq!(late.unwrap_err(), "eventlog.startup_locality");
    assert!(parse(&tpm(&[measured(7, ACTION, b"x"), locality(&[3])])).is_ok());
}

#[test]
fn a_ccel_has_none() {
    let refused = EventLog::parse(LogKind::Ccel, &tpm(&[locality(&[3])])).unwrap_err();
    assert_eq!(refused.code().id, "eventlog.startup_locality");
}

#[test]
fn an_extended_event_that_looks_like_one_changes_nothing() {
    let log = parse(&tpm(&[measured(0, ACTION, b"StartupLocality\0\x03")])).unwrap();
    assert_eq!(log.startup_locality(), 0);
}
