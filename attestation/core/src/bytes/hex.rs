//! Hexadecimal text of bytes. Reading goes by a table: collateral has tens of thousands of digits.

use core::fmt;

/// Bytes that are shown as lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hex<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Hex<'_> {
    /// Writes many digits at a time: results hold thousands of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CHUNK: usize = 32;
        let mut digits = [[0; 2]; CHUNK];
        for chunk in self.0.chunks(CHUNK) {
            let pairs = digits.iter_mut().zip(chunk);
            pairs.for_each(|(pair, byte)| *pair = [digit(byte >> 4), digit(byte & 15)]);
            let written = digits.get(..chunk.len()).unwrap_or_default().as_flattened();
            f.write_str(core::str::from_utf8(written).map_err(|_| fmt::Error)?)?;
        }
        Ok(())
    }
}

/// Bytes as lower-case hex.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    Hex(bytes.as_ref()).to_string()
}

/// The bytes of hex in either case; `None` for any other text.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![0; text.len() / 2];
    decode_into(text, &mut bytes).then_some(bytes)
}

/// The same for exactly `N` bytes.
pub(crate) fn array<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    decode_into(text, &mut bytes).then_some(bytes)
}

/// Whether `text` is hex of as many bytes as `bytes` has room for, which then holds them.
fn decode_into(text: &str, bytes: &mut [u8]) -> bool {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return false;
    }
    let mut seen = 0;
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (value(*high), value(*low));
        seen |= high | low;
        *byte = high << 4 | low & 15;
    }
    // What is no digit has all bits set.
    seen <= 15
}

const fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble }
}

/// The value of one digit, [`NO`] for what is none.
fn value(digit: u8) -> u8 {
    VALUES.as_flattened().get(usize::from(digit)).copied().unwrap_or(NO)
}

const NO: u8 = 0xff;
const NONE: [u8; 16] = [NO; 16];
const LETTERS: [u8; 16] = [NO, 10, 11, 12, 13, 14, 15, NO, NO, NO, NO, NO, NO, NO, NO, NO];
static VALUES: [[u8; 16]; 16] = [
    NONE,
    NONE,
    NONE,
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, NO, NO, NO, NO, NO, NO],
    LETTERS,
    NONE,
    LETTERS,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
];

#[cfg(test)]
mod tests {
    use super::{array, decode, encode};

    #[test]
    fn every_byte_is_two_lower_case_digits_and_reads_back_in_either_case() {
        let all: Vec<u8> = (0..=255).collect();
        let digits: String = all.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(encode(&all), digits);
        assert_eq!(decode(&digits), Some(all.clone()));
        assert_eq!(decode(&digits.to_uppercase()), Some(all));
    }

    #[test]
    fn a_character_that_is_no_digit_is_refused_wherever_it_stands() {
        for character in '\0'..='\u{ff}' {
            for text in [format!("0{character}00"), format!("00{character}0")] {
                let read = decode(&text).is_some();
                assert_eq!(read, character.is_ascii_hexdigit(), "{text:?}");
            }
        }
    }

    #[test]
    fn every_other_length_is_refused() {
        for text in ["0", "000", "0a0b0"] {
            assert_eq!(decode(text), None, "{text}");
        }
        assert_eq!(decode(""), Some(Vec::new()));
        for text in ["", "00", "000", "00000", "000000"] {
            assert_eq!(array::<2>(text), None, "{text}");
        }
        assert_eq!(array("0aFf"), Some([0x0a, 0xff]));
    }
}
