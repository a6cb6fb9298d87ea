//! What may stand behind the last event.

use super::bytes::{ACTION, measured, parse, tpm};

fn log_with(tail: &[u8]) -> Result<usize, &'static str> {
    let bytes = [tpm(&[measured(0, ACTION, b"x")]), tail.to_vec()].concat();
    parse(&bytes).map(|log| {
        assert_eq!(log.events().len(), 1);
        log.padding()
    })
}

#[test]
fn accepts_none_and_any_number_of_one_repeated_filler() {
    for len in [0, 1, 3, 7, 38, 4096] {
        for filler in [0x00, 0xff] {
            assert_eq!(log_with(&vec![filler; len]), Ok(len));
        }
    }
}

#[test]
fn rejects_anything_else_behind_the_last_event() {
    for len in [1, 4, 64, 4096] {
        assert!(log_with(&vec![0x41; len]).is_err(), "{len}");
        for at in [0, len / 2, len - 1] {
            for (filler, other) in [(0x00, 0xff), (0xff, 0x00), (0x00, 1)] {
                let mut tail = vec![filler; len];
                tail[at] = other;
                // One byte alone is padding of another filler.
                assert_eq!(log_with(&tail).is_ok(), len == 1 && other != 1, "{len} {at}");
            }
        }
    }
}
