//! Which PCRs of the SHA-256 bank, and their values as a TPM reports them.

use cloister_attestation::bytes::Reader;

// SPEC: TPM 2.0 Part 2, section 6.3, TPM_ALG_ID.
const SHA256: u16 = 0x000b;
const DIGEST_BYTES: usize = 32;
/// PCRs 0 to 23.
// SPEC: TCG PTP 1.05, section 4.6.1: PCR_SELECT_MIN is 3.
const SELECT_BYTES: u8 = 3;

/// PCRs of the SHA-256 bank, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection(u32);

/// What one TPM2_PCR_Read returned: some of the PCRs that were asked for.
pub(super) struct Some256 {
    pub(super) selection: Selection,
    pub(super) values: Vec<u8>,
}

impl Selection {
    /// PCRs 0 to 15: those that keep what was measured until the machine reboots.
    // SPEC: TCG PTP 1.05, section 4.6.2, PCR attributes.
    pub const MEASURED: Self = Self(0xffff);

    /// `TPML_PCR_SELECTION` of this one bank.
    // SPEC: TPM 2.0 Part 2, sections 10.6.2 and 10.9.7. Bit n of byte m is PCR 8 m + n.
    #[must_use]
    pub fn encode(self) -> [u8; 10] {
        let [low, middle, high, _] = self.0.to_le_bytes();
        let [first, second] = SHA256.to_be_bytes();
        [0, 0, 0, 1, first, second, SELECT_BYTES, low, middle, high]
    }

    /// The PCRs, ascending.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..24).filter(move |index| self.0 >> index & 1 == 1)
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Without those of `other`; `None` if one of them is not here.
    pub(super) const fn without(self, other: Self) -> Option<Self> {
        if self.0 & other.0 == other.0 { Some(Self(self.0 & !other.0)) } else { None }
    }

    /// Whether all of these come before all of `other`.
    pub(super) const fn is_below(self, other: Self) -> bool {
        other.0 == 0 || u32::BITS - self.0.leading_zeros() <= other.0.trailing_zeros()
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        if (reader.u32_be()?, reader.u16_be()?, reader.u8()?) != (1, SHA256, SELECT_BYTES) {
            return None;
        }
        let [low, middle, high] = reader.array()?;
        Some(Self(u32::from_le_bytes([low, middle, high, 0])))
    }
}

impl Some256 {
    // SPEC: TPM 2.0 Part 3, section 22.4, TPM2_PCR_Read; Part 2, section 10.9.6, TPML_DIGEST.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let _update_counter = reader.u32_be()?;
        let selection = Selection::read(reader)?;
        let count = usize::try_from(reader.u32_be()?).ok()?;
        if count != selection.iter().count() {
            return None;
        }
        let mut values = Vec::new();
        for _ in 0..count {
            let value = reader.sized_be().filter(|value| value.len() == DIGEST_BYTES)?;
            values.extend_from_slice(value);
        }
        Some(Self { selection, values })
    }
}

#[cfg(test)]
mod tests {
    use cloister_attestation::bytes::Reader;

    use super::{Selection, Some256};

    fn answer(banks: &[u8], count: u8, digests: &[&[u8]]) -> Vec<u8> {
        let mut bytes = [&[0, 0, 0, 9], banks, &[0, 0, 0, count]].concat();
        for digest in digests {
            bytes.extend_from_slice(&u16::try_from(digest.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(digest);
        }
        bytes
    }

    fn read(bytes: &[u8]) -> Option<Some256> {
        Some256::read(&mut Reader::new(bytes))
    }

    #[test]
    fn values_are_read_in_order_and_as_many_as_are_selected() {
        let (a, b) = ([1; 32], [2; 32]);
        let banks = Selection(0b101).encode();
        let some = read(&answer(&banks, 2, &[&a, &b])).unwrap();
        assert!(some.selection.iter().eq([0, 2]));
        assert_eq!(some.values, [a, b].concat());
        for (count, digests) in
            [(1, vec![&a[..]]), (3, vec![&a[..], &b, &a]), (2, vec![&a[..], &b[..31]])]
        {
            assert!(read(&answer(&banks, count, &digests)).is_none());
        }
    }

    #[test]
    fn another_bank_or_another_number_of_banks_is_refused() {
        let mut other = Selection(1).encode();
        other[5] = 4;
        assert!(read(&answer(&other, 1, &[&[1; 32]])).is_none());
        let two =
            [[0, 0, 0, 2].as_slice(), &Selection(1).encode()[4..], &Selection(1).encode()[4..]];
        assert!(read(&answer(&two.concat(), 1, &[&[1; 32]])).is_none());
    }

    #[test]
    fn what_is_left_shrinks_and_never_by_what_was_not_asked_for() {
        let all = Selection::MEASURED;
        let first = Selection(0xff);
        assert_eq!(all.without(first), Some(Selection(0xff00)));
        assert!(all.without(Selection(1 << 16)).is_none());
        assert!(first.is_below(Selection(0xff00)) && !Selection(0xff00).is_below(first));
        assert!(first.is_below(Selection(0)) && !Selection(0x101).is_below(Selection(0xfe)));
    }
}
