//! Whatever arrives: no panic, and nothing unverified becomes verified.

use cloister_attestation::event_log::{EventLog, HashAlgorithm, LogKind};
use proptest::prelude::*;

use super::bytes::{ACTION, IPL, measured, tpm};
use super::replay::{failures, log, replayed};

fn look_at_all(bytes: &[u8]) {
    for kind in [LogKind::Ccel, LogKind::Tpm] {
        if let Ok(log) = EventLog::read(kind, bytes) {
            for bank in log.banks().to_vec() {
                assert_eq!(log.replay(bank).is_some(), bank.digest_len().is_some());
                assert!(log.self_checks(bank).len() >= 4);
            }
            log.events().iter().for_each(|event| assert!(!event.label().is_empty()));
        }
    }
}

proptest! {
    #[test]
    fn reading_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        look_at_all(&bytes);
        look_at_all(&[tpm(&[]), bytes].concat());
    }

    #[test]
    fn any_payload_under_any_type_is_read(
        event_type in any::<u32>(), payload in proptest::collection::vec(any::<u8>(), 0..128)
    ) {
        look_at_all(&tpm(&[measured(1, event_type, &payload), measured(2, IPL, &payload)]));
    }
}

#[test]
fn no_flipped_bit_of_a_log_is_verified_as_something_else() {
    let honest = log();
    let bytes = honest.encode();
    let quote =
        crate::tdx::guest::outcome(&crate::tdx::guest::guest().with_event_log(honest.clone()))
            .unwrap();
    let original = EventLog::read(LogKind::Ccel, &bytes).unwrap();
    for at in 0..bytes.len() - honest.padding {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            let Ok(log) = EventLog::read(LogKind::Ccel, &flipped) else { continue };
            let Ok(verified) = log.verify(&quote.registers()) else { continue };
            // What is still verified was never vouched for: types, names, the header's remarks.
            let digests = |log: &EventLog| -> Vec<_> {
                log.events()
                    .iter()
                    .map(|event| (event.register(), event.digests().to_vec()))
                    .collect()
            };
            let kept: Vec<_> = verified
                .events()
                .iter()
                .map(|e| (e.event().register(), e.event().digests().to_vec()))
                .collect();
            assert_eq!(kept, digests(&original), "byte {at} bit {bit}");
            for (now, then) in verified.events().iter().zip(original.events()) {
                if let Some(measured) = now.measured() {
                    let was = then.assertion(HashAlgorithm::Sha384);
                    assert!(was.is_some() && then.payload().starts_with(measured), "{at} {bit}");
                }
            }
        }
    }
    assert_eq!(failures(&replayed(&honest, &bytes)), Vec::<&str>::new());
    look_at_all(&tpm(&[measured(0, ACTION, b"x")]));
}
