//! `EV_SEPARATOR`: once for each register, with 0 or 0xffffffff.

use cloister_attestation::event_log::{HashAlgorithm, Register};

use super::bytes::{SEPARATOR, measured, parse, tpm};

fn failures(events: &[Vec<u8>]) -> Vec<&'static str> {
    let checks = parse(&tpm(events)).unwrap().self_checks(HashAlgorithm::Sha256);
    checks.iter().filter(|check| check.failed()).map(|check| check.code.id).collect()
}

#[test]
fn one_for_each_register_is_as_it_should_be() {
    let events = [0, 1, 7].map(|pcr| measured(pcr, SEPARATOR, &[0; 4]));
    assert_eq!(failures(&events), Vec::<&str>::new());
    assert_eq!(failures(&[measured(0, SEPARATOR, &[0xff; 4])]), Vec::<&str>::new());
}

#[test]
fn a_second_one_is_noticed_wherever_it_stands() {
    let separator = |pcr| measured(pcr, SEPARATOR, &[0; 4]);
    let events = [separator(1), separator(7), separator(1), separator(1)];
    assert_eq!(failures(&events), ["eventlog.separators"]);
    assert_eq!(parse(&tpm(&events)).unwrap().repeated_separators(), [Register::Pcr(1)]);
}

#[test]
fn an_error_that_the_firmware_recorded_is_refused() {
    for value in [&[1, 0, 0, 0][..], &[0, 0, 0], &[0; 5], &[0xff, 0xff, 0xff, 0xfe], b""] {
        let failed = failures(&[measured(0, SEPARATOR, value)]);
        assert_eq!(failed, ["eventlog.separator_value"], "{value:?}");
    }
}
