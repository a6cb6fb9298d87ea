//! `TCG_EfiSpecIDEvent.signature`, and the event that carries it.

use super::bytes::{Header, SEPARATOR, header, parse};

#[test]
fn accepts_the_crypto_agile_signature() {
    assert_eq!(header(|_| {}).unwrap().spec_id().unwrap().algorithms().len(), 1);
}

#[test]
fn rejects_every_other_signature() {
    for other in [b"Spec ID Event02\0", b"Spec ID Event00\0", b"Spec ID Event03 ", &[0; 16]] {
        assert_eq!(header(|h| h.signature = *other).unwrap_err(), "eventlog.header");
    }
}

#[test]
fn rejects_a_header_that_is_extended_or_has_a_digest() {
    assert_eq!(header(|h| h.event_type = SEPARATOR).unwrap_err(), "eventlog.header");
    assert_eq!(header(|h| h.digest[19] = 1).unwrap_err(), "eventlog.header");
}

#[test]
fn rejects_every_truncation_of_the_header() {
    let bytes = Header::default().encode();
    for len in 0..bytes.len() {
        assert_eq!(parse(&bytes[..len]).unwrap_err(), "eventlog.truncated", "{len}");
    }
}
