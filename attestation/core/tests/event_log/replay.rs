//! Replay against the registers that a quote vouches for.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::check::State;
use cloister_attestation::event_log::{Assertion, EventLog, LogKind, ReplayedLog};
use cloister_simulator::Ccel;

use crate::tdx::guest::{guest, outcome};

/// A log that firmware could have written.
pub(super) fn log() -> Ccel {
    Ccel::default()
        .naming(0, "configuration", Digest48::sha384(b"the configuration itself"))
        .measuring(0, 4, &[0; 4])
        .naming(1, "kernel", Digest48::sha384(b"the kernel itself"))
        .measuring(1, 4, &[0; 4])
        .measuring(1, 0x8000_0007, b"Exit Boot Services Invocation")
        .measuring(2, 0x0d, b"/efi/boot/grub.cfg")
        .naming(2, "initrd", Digest48::sha384(b"the initrd itself"))
}

/// `sent` beside the quote of a TD that measured `measured`.
pub(super) fn replayed(measured: &Ccel, sent: &[u8]) -> ReplayedLog {
    let quote = outcome(&guest().with_event_log(measured.clone())).unwrap();
    let log = EventLog::read(LogKind::Ccel, sent);
    quote.with_event_log(log).event_log().unwrap().clone()
}

/// The codes of what failed; empty if the log is verified.
pub(super) fn failures(log: &ReplayedLog) -> Vec<&'static str> {
    match log {
        ReplayedLog::Refused(checks) => {
            let failed: Vec<_> = checks.iter().filter(|check| check.failed()).collect();
            assert!(!failed.is_empty(), "a refusal has a reason");
            failed.iter().map(|check| check.code.id).collect()
        }
        ReplayedLog::Verified(log) => {
            assert!(!log.checks().iter().any(|check| check.failed()));
            Vec::new()
        }
        _ => unreachable!(),
    }
}

#[test]
fn an_honest_log_is_verified_and_says_of_each_event_what_is_vouched_for() {
    let ReplayedLog::Verified(log) = replayed(&log(), &log().encode()) else { panic!() };
    let asserted: Vec<String> = log.events().iter().map(|e| e.assertion().to_string()).collect();
    let (payload, digest) = ("payload", "digest only");
    assert_eq!(asserted, [digest, payload, digest, payload, payload, payload, digest]);
    assert_eq!(log.events()[4].measured(), Some(b"Exit Boot Services Invocation".as_slice()));
    assert_eq!(log.events()[6].measured(), None);
    assert_eq!(*log.events()[6].assertion(), Assertion::DigestOnly);
    let open = log.checks().iter().filter(|check| check.state == State::NotAsserted);
    assert_eq!(open.map(|check| check.code.id).collect::<Vec<_>>(), ["eventlog.unmeasured"]);
}

#[test]
fn a_register_that_firmware_extends_has_to_be_explained() {
    for rtmr in [0, 1, 2] {
        let mut silent = log();
        silent.events.retain(|event| event.index != rtmr + 1);
        assert_eq!(failures(&replayed(&log(), &silent.encode())), ["eventlog.replay"], "{rtmr}");
    }
}

#[test]
fn an_empty_log_explains_registers_that_are_zero_and_no_others() {
    let empty = Ccel::default();
    assert_eq!(failures(&replayed(&empty, &empty.encode())), Vec::<&str>::new());
    let refused = failures(&replayed(&log(), &empty.encode()));
    assert_eq!(refused, ["eventlog.replay"; 3]);
}

#[test]
fn what_a_runtime_measured_into_rtmr3_is_not_vouched_for_without_its_log() {
    let runtime = log().measuring(3, 6, b"github.com/x PullImage {}");
    let ReplayedLog::Verified(verified) = replayed(&runtime, &log().encode()) else { panic!() };
    let open: Vec<_> =
        verified.checks().iter().filter(|check| check.code.id == "eventlog.unexplained").collect();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].state, State::NotAsserted);
    assert!(open[0].observed.contains("RTMR3"), "{:?}", open[0]);
    assert_eq!(failures(&replayed(&runtime, &runtime.encode())), Vec::<&str>::new());
}

#[test]
fn a_log_without_the_bank_of_the_registers_explains_nothing() {
    let sha256 = super::bytes::Header { index: 1, ..Default::default() }.encode();
    assert_eq!(failures(&replayed(&log(), &sha256)), ["eventlog.replay"]);
}

#[test]
fn a_log_that_does_not_read_is_refused_with_the_parsers_code() {
    assert_eq!(failures(&replayed(&log(), b"")), ["eventlog.truncated"]);
}
