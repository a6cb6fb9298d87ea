//! Logs that a runtime keeps: JSON lists and an attestation agent's lines.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::Diagnostic;
use cloister_attestation::event_log::{EventLog, HashAlgorithm, LogKind, Register};
use serde_json::{Value, json};

use super::replay::{failures, log, replayed};
use crate::vectors;

const RUNTIME: u32 = 0x0800_0001;

fn digest(name: &str, payload: &[u8]) -> Digest48 {
    let parts = [&RUNTIME.to_le_bytes(), b":".as_slice(), name.as_bytes(), b":", payload];
    Digest48::sha384(&parts.concat())
}

fn entry(name: &str, payload: &[u8]) -> Value {
    json!({
        "imr": 3, "event_type": RUNTIME, "digest": digest(name, payload).to_string(),
        "event": name, "event_payload": hex::encode(payload),
    })
}

fn read(entries: &[Value]) -> Result<EventLog, &'static str> {
    let bytes = serde_json::to_vec(entries).unwrap();
    EventLog::read(LogKind::Ccel, &bytes).map_err(|error| error.code().id)
}

fn forged(log: &EventLog) -> bool {
    log.self_checks(HashAlgorithm::Sha384).iter().any(|check| check.failed())
}

#[test]
fn the_digest_of_a_runtime_event_covers_its_name_and_its_payload() {
    let honest = entry("compose-hash", b"\x01\x02");
    assert!(!forged(&read(core::slice::from_ref(&honest)).unwrap()));
    for (field, value) in [("event", "app-id"), ("event_payload", "0103")] {
        let mut other = honest.clone();
        other[field] = json!(value);
        assert!(forged(&read(&[other]).unwrap()), "{field}");
    }
}

#[test]
fn a_digest_that_is_left_out_is_computed() {
    let mut silent = entry("compose-hash", b"\x01\x02");
    let spoken = read(core::slice::from_ref(&silent)).unwrap();
    silent["digest"] = json!("");
    assert_eq!(read(&[silent]).unwrap(), spoken);
}

#[test]
fn rejects_unknown_missing_and_ill_formed_fields() {
    let with = |field: &str, value: Value| {
        let mut entry = entry("a", b"x");
        entry[field] = value;
        read(&[entry]).unwrap_err()
    };
    assert_eq!(with("imr", json!(4)), "eventlog.register");
    assert_eq!(with("imr", json!(-1)), "eventlog.runtime");
    assert_eq!(with("digest", json!("00")), "eventlog.runtime");
    assert_eq!(with("event_payload", json!("0")), "eventlog.runtime");
    assert_eq!(with("event_type", json!(3)), "eventlog.runtime");
    assert_eq!(with("more", json!(1)), "eventlog.runtime");
    for field in ["imr", "event_type", "digest", "event", "event_payload"] {
        let mut less = entry("a", b"x");
        less.as_object_mut().unwrap().remove(field);
        assert_eq!(read(&[less]).unwrap_err(), "eventlog.runtime", "{field}");
    }
}

#[test]
fn a_firmware_event_without_its_digest_is_refused() {
    let mut firmware = entry("", b"\0\0\0\0");
    firmware["event_type"] = json!(4);
    firmware["digest"] = json!("");
    assert_eq!(read(&[firmware]).unwrap_err(), "eventlog.runtime");
}

#[test]
fn an_agents_lines_are_hashed_one_by_one() {
    let zero = "0".repeat(96);
    let line = "github.com/confidential-containers PullImage {\"image\":\"alpine\"}";
    let text = format!("INIT/sha384 {zero}\n{line}\n");
    let log = EventLog::read(LogKind::Ccel, text.as_bytes()).unwrap();
    let expected = Digest48::sha384(
        &[[0; 48].as_slice(), Digest48::sha384(line.as_bytes()).as_bytes()].concat(),
    );
    let value = log.replay(HashAlgorithm::Sha384).unwrap();
    assert_eq!(value.value(Register::Rtmr(3)).unwrap().to_string(), expected.to_string());
    assert!(!forged(&log));
}

#[test]
fn rejects_agent_logs_that_start_elsewhere_or_whose_lines_do_not_read() {
    let (zero, one) = ("0".repeat(96), "1".repeat(96));
    for text in [
        format!("INIT/sha384 {one}\na b c\n"),
        format!("INIT/sha256 {}\na b c\n", "0".repeat(64)),
        format!("INIT/sha384 {zero}\na b\n"),
        format!("INIT/sha384 {zero}\n b c\n"),
        format!("INIT/sha384 {zero}\na b c\r\n"),
        format!("INIT/sha384 {zero}\na b c"),
        format!("INIT/sha384 {zero}\n\na b c\n"),
        "INIT/sha384 00\n".to_owned(),
        "INIT".to_owned(),
    ] {
        let refused = EventLog::read(LogKind::Ccel, text.as_bytes()).unwrap_err();
        assert_eq!(refused.code().id, "eventlog.runtime", "{text:?}");
    }
}

#[test]
fn a_runtimes_log_continues_the_firmwares() {
    let line = "domain operation content";
    let agent = format!("INIT/sha384 {}\n{line}\n", "0".repeat(96));
    let agent = EventLog::read(LogKind::Ccel, agent.as_bytes()).unwrap();
    let both = EventLog::parse(LogKind::Ccel, &log().encode()).unwrap().continued_by(agent);
    let whole = log().measuring(3, 6, line.as_bytes());
    let replayed = both.replay(HashAlgorithm::Sha384).unwrap();
    for (index, value) in (0..).zip(whole.rtmr()) {
        assert_eq!(
            replayed.value(Register::Rtmr(index)).unwrap().to_string(),
            value.to_string(),
            "{index}"
        );
    }
    let numbers: Vec<usize> = both.events().iter().map(|event| event.number()).collect();
    assert_eq!(numbers, (1..=whole.events.len()).collect::<Vec<_>>());
}

#[test]
fn a_runtime_log_alone_never_explains_a_guest() {
    let guest = log().measuring(3, 6, b"a b c");
    let agent = format!("INIT/sha384 {}\na b c\n", "0".repeat(96));
    assert_eq!(failures(&replayed(&guest, agent.as_bytes())), ["eventlog.replay"; 3]);
}

#[test]
fn recorded_runtime_logs_give_the_registers_of_their_quotes() {
    let cases = [
        ("v4-near-mpc-dstack", "tcb_info.json"),
        ("v4-dstack-quote-report", "quote-report.json"),
        ("v4-dstack-tdx-lite", "tdx-lite-getquote.json"),
    ];
    for (name, file) in cases {
        let Some(case) = vectors::named("tdx", name) else { return };
        let wrapping: Value = serde_json::from_slice(&case.file(file).unwrap()).unwrap();
        let list = &wrapping["event_log"];
        let bytes = list
            .as_str()
            .map_or_else(|| serde_json::to_vec(list).unwrap(), |text| text.as_bytes().to_vec());
        let log = EventLog::read(LogKind::Ccel, &bytes).unwrap();
        assert!(!forged(&log), "{name}");
        let about: Value = serde_json::from_slice(&case.file("case.json").unwrap()).unwrap();
        let replayed = log.replay(HashAlgorithm::Sha384).unwrap();
        for index in 0..4_u8 {
            let value = replayed.value(Register::Rtmr(index)).unwrap().to_string();
            assert_eq!(about["rtmr"][usize::from(index)], value, "{name} RTMR{index}");
        }
    }
}
