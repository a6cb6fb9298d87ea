//! Recorded event logs: what of them can be computed is the same.

use std::path::Path;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::event_log::{EventLog, EventType, HashAlgorithm, LogKind, Register};
use cloister_attestation::tpm;
use cloister_image::measure::event::Event;
use cloister_image::measure::tdx::rtmr0_of_log;
use serde_json::Value;

use super::vectors::{folder, json};

const ACTION: EventType = EventType::EFI_ACTION;

fn ccel(folder: &Path, file: &str) -> EventLog {
    EventLog::parse(LogKind::Ccel, &std::fs::read(folder.join(file)).unwrap()).unwrap()
}

fn recorded(log: &EventLog, register: Register) -> Digest48 {
    let registers = log.replay(HashAlgorithm::Sha384).unwrap();
    Digest48::from_slice(registers.value(register).unwrap().as_bytes()).unwrap()
}

#[test]
fn rtmr0_of_qemus_logs_is_replayed() {
    for (name, file) in [
        ("ccel-dstack", "eventlog.bin"),
        ("ccel-small-unpadded", "eventlog.bin"),
        ("ccel-trustee-ovmf", "eventlog.bin"),
    ] {
        let Some(folder) = folder(&format!("eventlog/{name}")) else { return };
        let log = ccel(&folder, file);
        let replayed = rtmr0_of_log(&log).unwrap();
        assert_eq!(*replayed.value(), recorded(&log, Register::Rtmr(0)), "{name}");
        let case = json(&folder, "case.json");
        assert_eq!(case["sha384_mr_1_4_as_rtmr0_3"][0], replayed.value().to_string(), "{name}");
    }
}

#[test]
fn a_log_with_an_image_in_rtmr0_is_refused_by_the_event() {
    let Some(folder) = folder("tdx/v4-gcp-cos113-ccel") else { return };
    let refusal = rtmr0_of_log(&ccel(&folder, "ccel_data.bin")).unwrap_err().to_string();
    assert!(
        refusal.contains("authority") && refusal.contains("not one of the platform"),
        "{refusal}"
    );
}

/// The digests that a real TD's log has for events whose bytes are always the same.
#[test]
fn constant_events_have_the_digests_of_real_logs() {
    let Some(folder) = folder("tdx/v4-gcp-cos113-ccel") else { return };
    let log = ccel(&folder, "ccel_data.bin");
    let of = |event_type, payload: &[u8]| {
        let found =
            log.events().iter().find(|it| it.event_type() == event_type && it.payload() == payload);
        let digest = found.unwrap().digest(HashAlgorithm::Sha384).unwrap();
        Digest48::from_slice(digest.as_bytes()).unwrap()
    };
    for text in [
        "Calling EFI Application from Boot Option",
        "Exit Boot Services Invocation",
        "Exit Boot Services Returned with Success",
    ] {
        assert_eq!(Event::of("action", text.as_bytes()).sha384(), of(ACTION, text.as_bytes()));
    }
    assert_eq!(Event::of("separator", [0; 4].to_vec()).sha384(), of(EventType::SEPARATOR, &[0; 4]));
}

/// Quotes of real machines that came with the digests of every event.
fn dstack() -> Option<Vec<(Value, Vec<Value>)>> {
    let folder = folder("tdx")?;
    let read = |name: &str, file: &str| {
        let folder = folder.join(name);
        let log = json(&folder, file)["event_log"].clone();
        let log = match log.as_str() {
            Some(text) => serde_json::from_str(text).unwrap(),
            None => log,
        };
        (json(&folder, "case.json"), log.as_array().unwrap().clone())
    };
    Some(vec![
        read("v4-dstack-quote-report", "quote-report.json"),
        read("v4-near-mpc-dstack", "tcb_info.json"),
        read("v4-dstack-tdx-lite", "tdx-lite-getquote.json"),
    ])
}

/// The order of a direct boot's events is the order in real logs, and gives the quoted RTMR1.
#[test]
fn a_quoted_rtmr1_is_the_kernel_and_constant_events() {
    let Some(cases) = dstack() else { return };
    for (case, events) in cases {
        let of = |imr: u64| events.iter().filter(move |it| it["imr"] == imr);
        let digest = |it: &Value| it["digest"].as_str().unwrap().parse::<Digest48>().unwrap();
        let kernel = digest(of(1).next().unwrap());
        let constants = [
            Event::of("boot option", b"Calling EFI Application from Boot Option".as_slice()),
            Event::of("separator", [0; 4].to_vec()),
            Event::of("exit", b"Exit Boot Services Invocation".as_slice()),
            Event::of("exit", b"Exit Boot Services Returned with Success".as_slice()),
        ];
        let start = cloister_image::measure::event::Rtmr::ZERO.extended(&kernel);
        let rtmr1 = constants.iter().fold(start, |it, event| it.extended(&event.sha384()));
        assert_eq!(case["rtmr"][1], rtmr1.value().to_string());
        let given: Vec<Digest48> = of(2).map(digest).collect();
        assert_eq!(given.len(), 2, "command line and initrd");
        let rtmr2 = given
            .iter()
            .fold(cloister_image::measure::event::Rtmr::ZERO, |it, digest| it.extended(digest));
        assert_eq!(case["rtmr"][2], rtmr2.value().to_string());
    }
}

/// A real vTPM's log of a UKI: the stub's order, and its names with a NUL.
#[test]
fn the_sections_of_a_uki_are_logged_as_they_are_predicted() {
    let Some(folder) = folder("eventlog/tpm-dstack") else { return };
    let bytes = std::fs::read(folder.join("eventlog.bin")).unwrap();
    let log = EventLog::parse(LogKind::Tpm, &bytes).unwrap();
    let bank = HashAlgorithm::Sha256;
    let sections: Vec<_> =
        log.events().iter().filter(|it| it.register() == Some(Register::Pcr(11))).collect();
    let names = [".linux", ".osrel", ".cmdline", ".initrd", ".uname", ".sbat"];
    assert_eq!(sections.len(), 2 * names.len());
    for (pair, name) in sections.chunks(2).zip(names) {
        let predicted = Event::of(name, format!("{name}\0").into_bytes());
        let predicted = predicted.digest(tpm::HashAlgorithm::Sha256);
        assert_eq!(pair[0].digest(bank).unwrap().as_bytes(), predicted.as_bytes(), "{name}");
    }
}
