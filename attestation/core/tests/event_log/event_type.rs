//! `TCG_PCR_EVENT2.eventType`.

use cloister_attestation::event_log::{Assertion, EventType, HashAlgorithm};

use super::bytes::{NO_ACTION, SHA256, measured, parse, raw, tpm};

/// Types whose digest the specification defines as the hash of the payload.
const MEASURED: [u32; 12] = [
    0x04,
    0x05,
    0x08,
    0x11,
    0x12,
    0x8000_0001,
    0x8000_0002,
    0x8000_0006,
    0x8000_0007,
    0x8000_000c,
    0x8000_00e0,
    0x0800_0001,
];

fn assertion(event: Vec<u8>) -> Option<Assertion> {
    parse(&tpm(&[event])).unwrap().events()[0].assertion(HashAlgorithm::Sha256)
}

#[test]
fn a_payload_that_is_not_what_was_hashed_is_noticed_for_every_type_that_measures_it() {
    for event_type in MEASURED {
        assert_eq!(assertion(measured(1, event_type, b"text")), Some(Assertion::Payload(0..4)));
        let forged = raw(1, event_type, &[(SHA256, &[7; 32])], b"text");
        assert_eq!(assertion(forged), None, "{:?}", EventType::new(event_type));
    }
}

#[test]
fn for_any_other_type_the_payload_is_a_name_that_nobody_vouches_for() {
    let others = (0..=0x13).chain(0x8000_0000..=0x8000_00ff).chain([0x1234_5678]);
    for event_type in others.filter(|t| *t != NO_ACTION && !MEASURED.contains(t)) {
        let named = raw(1, event_type, &[(SHA256, &[7; 32])], b"text");
        assert_eq!(assertion(named), Some(Assertion::DigestOnly), "{event_type:#x}");
    }
}

#[test]
fn an_event_that_is_never_extended_is_vouched_for_by_nobody() {
    let remark = raw(0, NO_ACTION, &[(SHA256, &[0; 32])], b"SP800-155 Event3");
    assert_eq!(assertion(remark), Some(Assertion::NotExtended));
    let log = parse(&tpm(&[raw(0, NO_ACTION, &[(SHA256, &[0; 32])], b"x")])).unwrap();
    assert_eq!(log.replay(HashAlgorithm::Sha256).unwrap().iter().count(), 0);
}

#[test]
fn an_event_that_is_never_extended_has_no_digest() {
    let failed = |digest: [u8; 32]| {
        let log = parse(&tpm(&[raw(0, NO_ACTION, &[(SHA256, &digest)], b"x")])).unwrap();
        let checks = log.self_checks(HashAlgorithm::Sha256);
        checks.iter().any(|check| check.failed() && check.code.id == "eventlog.no_action")
    };
    assert!(!failed([0; 32]));
    assert!(failed([1; 32]));
}

#[test]
fn known_types_have_the_names_of_the_specification() {
    assert_eq!(EventType::new(0x8000_0006).to_string(), "EV_EFI_GPT_EVENT");
    assert_eq!(EventType::new(0x8000_0999).to_string(), "event type 0x80000999");
}
