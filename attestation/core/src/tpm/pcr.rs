//! Which PCRs a quote covers, and their values.

use super::digest::{Digest, HashAlgorithm};
use super::error::{ParseError, truncated};
use super::measured::{MeasuredPcr, MeasuredPcrs};
use crate::bytes::Reader;

/// Bytes of a selection's bit map: PCRs 0 to 23, which is what PC Client TPMs have.
// SPEC: TCG PTP 1.05, section 4.6.1: PCR_SELECT_MIN is 3.
const SELECT_BYTES: u8 = 3;

const PCR_COUNT: u8 = 24;

/// The selected PCRs of one bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PcrSelection {
    bank: HashAlgorithm,
    bits: u32,
}

impl PcrSelection {
    /// Reads a `TPML_PCR_SELECTION` of exactly one bank.
    // SPEC: TPM 2.0 Part 2, sections 10.6.2 (TPMS_PCR_SELECTION) and 10.9.7. Bit n of byte m is
    // PCR 8 m + n.
    pub(super) fn read(reader: &mut Reader<'_>, what: &'static str) -> Result<Self, ParseError> {
        let truncated = truncated(what);
        let refuse = |reason: String| Err(ParseError::Selection { reason });
        let count = reader.u32_be().ok_or_else(&truncated)?;
        if count != 1 {
            return refuse(format!("{count} banks, expected 1"));
        }
        let id = reader.u16_be().ok_or_else(&truncated)?;
        let Some(bank) = HashAlgorithm::from_id(id) else {
            return refuse(format!("the bank {id:#06x}, expected 0x000b (SHA-256) or 0x000c"));
        };
        let size = reader.u8().ok_or_else(&truncated)?;
        if size != SELECT_BYTES {
            return refuse(format!("a bit map of {size} bytes, expected {SELECT_BYTES}"));
        }
        let [low, middle, high] = reader.array().ok_or_else(&truncated)?;
        Ok(Self { bank, bits: u32::from_le_bytes([low, middle, high, 0]) })
    }

    /// The bank.
    #[must_use]
    pub const fn bank(&self) -> HashAlgorithm {
        self.bank
    }

    /// Whether PCR `index` is selected.
    #[must_use]
    pub fn contains(&self, index: u8) -> bool {
        1_u32.checked_shl(index.into()).is_some_and(|bit| self.bits & bit != 0)
    }

    /// The selected PCRs, ascending: the order in which a TPM hashes them.
    pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0..PCR_COUNT).filter(|index| self.contains(*index))
    }

    /// The selected PCRs that software can reset.
    pub fn resettable(&self) -> impl Iterator<Item = u8> + '_ {
        self.iter().filter(|index| MeasuredPcr::new(*index).is_none())
    }

    /// Length of all selected values in bytes.
    fn values_bytes(&self) -> usize {
        self.iter().count().saturating_mul(self.bank.digest_bytes())
    }
}

/// The values of the selected PCRs, as received: concatenated in ascending order.
///
/// The concatenation is exactly what the TPM hashes. It carries no indices of its own: which value
/// belongs to which PCR is said by the signed selection and by nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PcrValues {
    selection: PcrSelection,
    bytes: Vec<u8>,
}

impl PcrValues {
    /// Takes the values of `selection`.
    ///
    /// # Errors
    /// [`ParseError::PcrValues`] if the length is another.
    pub fn parse(selection: PcrSelection, bytes: &[u8]) -> Result<Self, ParseError> {
        let expected = selection.values_bytes();
        if bytes.len() != expected {
            return Err(ParseError::PcrValues { expected, observed: bytes.len() });
        }
        Ok(Self { selection, bytes: bytes.to_vec() })
    }

    /// The received bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Which PCRs.
    #[must_use]
    pub const fn selection(&self) -> &PcrSelection {
        &self.selection
    }

    /// The digest that a TPM makes of them with `algorithm`, which is the signature's.
    #[must_use]
    pub fn digest(&self, algorithm: HashAlgorithm) -> Digest {
        Digest::of(algorithm, &self.bytes)
    }

    /// Every value with its PCR, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (u8, Digest)> + '_ {
        let bank = self.selection.bank;
        let values = self.bytes.chunks_exact(bank.digest_bytes());
        self.selection
            .iter()
            .zip(values)
            .filter_map(move |(index, value)| Some((index, Digest::from_slice(bank, value)?)))
    }

    /// The values that count as measurement.
    #[must_use]
    pub fn measured(&self) -> MeasuredPcrs {
        MeasuredPcrs::of(
            self.iter().filter_map(|(index, value)| Some((MeasuredPcr::new(index)?, value))),
        )
    }
}
