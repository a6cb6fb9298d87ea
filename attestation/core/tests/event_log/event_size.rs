//! `TCG_PCR_EVENT2.eventSize`.

use super::bytes::{ACTION, measured, parse, tpm};

/// Where the field lies in an event with one SHA-256 digest.
const OFFSET: usize = 4 + 4 + 4 + 2 + 32;

fn with_size(size: u32) -> Result<usize, &'static str> {
    let mut event = measured(0, ACTION, b"four");
    event[OFFSET..OFFSET + 4].copy_from_slice(&size.to_le_bytes());
    parse(&tpm(&[event])).map(|log| log.events()[0].payload().len())
}

#[test]
fn rejects_a_size_off_by_one_and_one_far_beyond_the_log() {
    assert_eq!(with_size(4), Ok(4));
    for size in [3, 5, 0x7fff_ffff, u32::MAX] {
        assert_eq!(with_size(size), Err("eventlog.truncated"), "{size}");
    }
}

#[test]
fn rejects_every_truncation_that_is_not_a_whole_number_of_events() {
    let events = [measured(0, ACTION, b"first"), measured(1, ACTION, b"second")];
    let (bytes, header) = (tpm(&events), tpm(&[]).len());
    for len in header..bytes.len() {
        let whole = len == header || len == header + events[0].len();
        // Up to four zero bytes of an index cannot be told from padding.
        let padded = bytes[header..len].iter().all(|byte| *byte == 0);
        assert_eq!(parse(&bytes[..len]).is_ok(), whole || padded, "{len}");
    }
}

#[test]
fn rejects_a_log_above_the_limits() {
    let max = cloister_attestation::limits::EVENT_LOG_BYTES_MAX;
    let mut bytes = tpm(&[]);
    bytes.resize(max, 0xff);
    assert!(parse(&bytes).is_ok());
    bytes.push(0xff);
    assert_eq!(parse(&bytes).unwrap_err(), "eventlog.size");
    let events = cloister_attestation::limits::EVENT_LOG_EVENTS_MAX;
    let many = |count| parse(&tpm(&vec![measured(0, ACTION, b""); count]));
    assert!(many(events).is_ok());
    assert_eq!(many(events + 1).unwrap_err(), "eventlog.size");
}
