//! `TCG_PCR_EVENT2.pcrIndex`.

use cloister_attestation::code::Diagnostic;
use cloister_attestation::event_log::{EventLog, LogKind, Register};

use super::bytes::{ACTION, Header, NO_ACTION, SHA256, header, measured, parse, raw, tpm};

fn register(kind: LogKind, index: u32) -> Result<Option<Register>, &'static str> {
    let log = EventLog::parse(kind, &tpm(&[measured(index, ACTION, b"x")]));
    log.map(|log| log.events()[0].register()).map_err(|error| error.code().id)
}

#[test]
fn indexes_1_to_4_of_a_ccel_are_the_four_rtmrs() {
    for (index, rtmr) in (1..).zip(0..4) {
        assert_eq!(register(LogKind::Ccel, index), Ok(Some(Register::Rtmr(rtmr))));
    }
    for index in [0, 5, 256, 257, u32::MAX] {
        assert_eq!(register(LogKind::Ccel, index), Err("eventlog.register"), "{index}");
    }
}

#[test]
fn a_tpm_log_measures_into_the_registers_of_a_static_launch() {
    for pcr in (0..=16).chain([23]) {
        assert_eq!(register(LogKind::Tpm, u32::from(pcr)), Ok(Some(Register::Pcr(pcr))));
    }
    for index in [17, 22, 24, 256, u32::MAX] {
        assert_eq!(register(LogKind::Tpm, index), Err("eventlog.register"), "{index}");
    }
}

#[test]
fn an_event_that_is_not_extended_has_no_register_whatever_its_index() {
    for index in [0, 6, 24, u32::MAX] {
        let log = parse(&tpm(&[raw(index, NO_ACTION, &[(SHA256, &[0; 32])], b"remark")]));
        assert_eq!(log.unwrap().events()[0].register(), None);
    }
}

#[test]
fn the_header_of_a_tpm_log_has_index_0_and_that_of_a_ccel_0_or_1() {
    assert!(header(|h| h.index = 0).is_ok());
    assert_eq!(header(|h| h.index = 1).unwrap_err(), "eventlog.header");
    for (index, reads) in [(0, true), (1, true), (2, false)] {
        let bytes = Header { index, ..Header::default() }.encode();
        assert_eq!(EventLog::parse(LogKind::Ccel, &bytes).is_ok(), reads, "{index}");
    }
}
