//! UTF-8, a byte at a time.

/// How far a character of several bytes has come.
///
/// SPEC: Unicode 15, table 3-7: the second byte of some characters has a narrower range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Utf8 {
    /// Between characters.
    Whole,
    /// So many bytes are missing, the next of them in this range.
    Missing(u8, u8, u8),
}

impl Utf8 {
    /// The state after `byte`; `None` if no text has it there.
    pub(super) const fn after(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Whole, ..=0x7f) => Some(Self::Whole),
            (Self::Whole, 0xc2..=0xdf) => Some(Self::Missing(1, 0x80, 0xbf)),
            (Self::Whole, 0xe0) => Some(Self::Missing(2, 0xa0, 0xbf)),
            (Self::Whole, 0xed) => Some(Self::Missing(2, 0x80, 0x9f)),
            (Self::Whole, 0xe1..=0xef) => Some(Self::Missing(2, 0x80, 0xbf)),
            (Self::Whole, 0xf0) => Some(Self::Missing(3, 0x90, 0xbf)),
            (Self::Whole, 0xf1..=0xf3) => Some(Self::Missing(3, 0x80, 0xbf)),
            (Self::Whole, 0xf4) => Some(Self::Missing(3, 0x80, 0x8f)),
            (Self::Whole, _) => None,
            (Self::Missing(left, from, to), byte) => {
                if byte < from || byte > to {
                    None
                } else if left == 1 {
                    Some(Self::Whole)
                } else {
                    Some(Self::Missing(left.saturating_sub(1), 0x80, 0xbf))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Utf8;

    fn is_text(bytes: &[u8]) -> bool {
        let end = bytes.iter().try_fold(Utf8::Whole, |state, byte| state.after(*byte));
        end == Some(Utf8::Whole)
    }

    #[test]
    fn agrees_with_the_standard_library_on_every_two_and_three_bytes() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                let two = [first, second];
                assert_eq!(is_text(&two), core::str::from_utf8(&two).is_ok(), "{two:?}");
                for third in [0x00, 0x7f, 0x80, 0xbf, 0xc0] {
                    for tail in [&[third][..], &[third, 0x80], &[third, 0x8f, 0xbf]] {
                        let bytes = [&two, tail].concat();
                        let expected = core::str::from_utf8(&bytes).is_ok();
                        assert_eq!(is_text(&bytes), expected, "{bytes:?}");
                    }
                }
            }
        }
    }
}
