//! Deterministic CBOR, written to memory: nothing of it can fail, by type.
//!
//! SPEC: RFC 8949 section 4.2.1: every head is the shortest, every length is stated. Whoever
//! writes a map puts its keys in order.

/// What has been written so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writer(Vec<u8>);

/// SPEC: RFC 8949 section 3.1, the major types.
mod major {
    pub(super) const UNSIGNED: u8 = 0;
    pub(super) const NEGATIVE: u8 = 1;
    pub(super) const BYTES: u8 = 2;
    pub(super) const TEXT: u8 = 3;
    pub(super) const ARRAY: u8 = 4;
    pub(super) const MAP: u8 = 5;
    pub(super) const TAG: u8 = 6;
    pub(super) const SIMPLE: u8 = 7;
}

/// SPEC: RFC 8949 section 3.4.3.
const UNSIGNED_BIGNUM: u64 = 2;
const NEGATIVE_BIGNUM: u64 = 3;

impl Writer {
    /// Empty, with room for so many bytes.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// What has been written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// An unsigned integer.
    pub fn unsigned(&mut self, value: u64) -> &mut Self {
        self.head(major::UNSIGNED, value)
    }

    /// An integer.
    pub fn signed(&mut self, value: i64) -> &mut Self {
        self.integer(value.into())
    }

    /// An integer of any size: beyond 64 bits, a bignum.
    pub fn integer(&mut self, value: i128) -> &mut Self {
        // SPEC: RFC 8949 section 3.1: a negative integer n is written as -1 - n.
        let (kind, bignum, count) = match u128::try_from(value) {
            Ok(value) => (major::UNSIGNED, UNSIGNED_BIGNUM, value),
            Err(_) => (major::NEGATIVE, NEGATIVE_BIGNUM, (!value).unsigned_abs()),
        };
        match u64::try_from(count) {
            Ok(count) => self.head(kind, count),
            Err(_) => {
                let digits = count.to_be_bytes();
                let zeros = digits.iter().take_while(|digit| **digit == 0).count();
                self.tag(bignum).bytes(digits.get(zeros..).unwrap_or(&digits))
            }
        }
    }

    /// A byte string.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.head(major::BYTES, count(bytes.len())).raw(bytes)
    }

    /// A text string.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.head(major::TEXT, count(text.len())).raw(text.as_bytes())
    }

    /// The head of an array of so many items, which follow.
    pub fn array(&mut self, items: usize) -> &mut Self {
        self.head(major::ARRAY, count(items))
    }

    /// The head of a map of so many pairs, which follow.
    pub fn map(&mut self, pairs: usize) -> &mut Self {
        self.head(major::MAP, count(pairs))
    }

    /// A tag on the item that follows.
    pub fn tag(&mut self, tag: u64) -> &mut Self {
        self.head(major::TAG, tag)
    }

    /// True or false.
    pub fn boolean(&mut self, value: bool) -> &mut Self {
        self.head(major::SIMPLE, if value { 21 } else { 20 })
    }

    /// Nothing.
    pub fn null(&mut self) -> &mut Self {
        self.head(major::SIMPLE, 22)
    }

    /// An item that was written before, or several.
    pub fn raw(&mut self, written: &[u8]) -> &mut Self {
        self.0.extend_from_slice(written);
        self
    }

    /// SPEC: RFC 8949 section 3: five bits, or the shortest of 1, 2, 4 and 8 bytes.
    fn head(&mut self, major: u8, value: u64) -> &mut Self {
        let (kind, bytes) = (major << 5, value.to_be_bytes());
        let [.., b, a] = bytes;
        match value {
            0..=23 => self.raw(&[kind | a]),
            24..=0xff => self.raw(&[kind | 24, a]),
            0x100..=0xffff => self.raw(&[kind | 25, b, a]),
            0x1_0000..=0xffff_ffff => self.raw(&[kind | 26]).raw(bytes.split_at(4).1),
            _ => self.raw(&[kind | 27]).raw(&bytes),
        }
    }
}

fn count(len: usize) -> u64 {
    // INVARIANT: nothing in memory is longer than 2^64 bytes.
    u64::try_from(len).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::Writer;

    fn hex(write: impl FnOnce(&mut Writer) -> &mut Writer) -> String {
        let mut writer = Writer::default();
        write(&mut writer);
        crate::bytes::hex::encode(writer.into_bytes())
    }

    // SPEC: RFC 8949 appendix A.
    #[test]
    fn integers_are_as_the_specification_shows_them() {
        let examples: [(i128, &str); 20] = [
            (0, "00"),
            (1, "01"),
            (10, "0a"),
            (23, "17"),
            (24, "1818"),
            (25, "1819"),
            (100, "1864"),
            (255, "18ff"),
            (256, "190100"),
            (1000, "1903e8"),
            (65_536, "1a00010000"),
            (1_000_000, "1a000f4240"),
            (1_000_000_000_000, "1b000000e8d4a51000"),
            (18_446_744_073_709_551_615, "1bffffffffffffffff"),
            (18_446_744_073_709_551_616, "c249010000000000000000"),
            (-18_446_744_073_709_551_616, "3bffffffffffffffff"),
            (-18_446_744_073_709_551_617, "c349010000000000000000"),
            (-1, "20"),
            (-10, "29"),
            (-1000, "3903e7"),
        ];
        for (value, expected) in examples {
            assert_eq!(hex(|e| e.integer(value)), expected, "{value}");
        }
    }

    #[test]
    fn everything_else_is_as_the_specification_shows_it() {
        assert_eq!(hex(|e| e.boolean(false)), "f4");
        assert_eq!(hex(|e| e.boolean(true)), "f5");
        assert_eq!(hex(Writer::null), "f6");
        assert_eq!(hex(|e| e.tag(32).text("http://www.example.com")).get(..4), Some("d820"));
        assert_eq!(hex(|e| e.bytes(b"")), "40");
        assert_eq!(hex(|e| e.bytes(&[1, 2, 3, 4])), "4401020304");
        assert_eq!(hex(|e| e.text("")), "60");
        assert_eq!(hex(|e| e.text("\u{6c34}")), "63e6b0b4");
        assert_eq!(hex(|e| e.array(0)), "80");
        assert_eq!(hex(|e| e.array(2).unsigned(1).array(1).signed(-4)), "82018123");
        assert_eq!(hex(|e| e.map(1).unsigned(1).unsigned(2)), "a10102");
    }

    #[test]
    fn lengths_have_the_shortest_head_at_every_boundary() {
        for len in [0, 23, 24, 255, 256, 65_535, 65_536] {
            let bytes = vec![7; len];
            let mut writer = Writer::default();
            writer.bytes(&bytes);
            assert_eq!(
                writer.into_bytes(),
                minicbor::to_vec(minicbor::bytes::ByteVec::from(bytes)).unwrap(),
                "{len}"
            );
        }
    }
}
