//! Firmware images: the table at their end, and what it says about a launch.
//!
//! SPEC: OVMF, OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm: the table ends 32 bytes before the
//! image does and is read from its end.

mod guid;
mod sev;
mod tdvf;

use cloister_attestation::bytes::Reader;

use super::error::MeasureError;
use super::limits::{FIRMWARE_BYTES_MAX, FIRMWARE_ENTRIES_MAX};
pub use guid::Guid;
pub use sev::{SevSection, SevSectionKind};
pub use tdvf::{TdvfSection, TdvfSectionKind};

/// Bytes of a page.
pub const PAGE_BYTES: usize = 4096;
const FOUR_GIB: u64 = 1 << 32;
/// The reset vector stands behind the table.
const RESET_VECTOR_BYTES: usize = 32;
/// A length and a GUID, behind the data of each entry.
const ENTRY_TAIL_BYTES: usize = 18;

const FOOTER: Guid = Guid::new(0x96b5_82de, 0x1fb2, 0x45f7, 0xbaea_a366_c55a_082d);
const AP_RESET: Guid = Guid::new(0x00f7_71de, 0x1a7e, 0x4fcb, 0x890e_68c7_7e2f_b44e);
const HASH_TABLE: Guid = Guid::new(0x7255_371f, 0x3a3b, 0x4b04, 0x927b_1da6_efa8_d454);

/// A firmware image with its table read.
#[derive(Clone, Debug)]
pub struct Firmware<'a> {
    bytes: &'a [u8],
    entries: Vec<(Guid, &'a [u8])>,
}

impl<'a> Firmware<'a> {
    /// Reads the table of an image of whole pages.
    ///
    /// # Errors
    /// [`MeasureError::Firmware`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, MeasureError> {
        if bytes.len() > FIRMWARE_BYTES_MAX {
            return Err(MeasureError::firmware("it is larger than 16 MiB"));
        }
        if bytes.is_empty() || !bytes.len().is_multiple_of(PAGE_BYTES) {
            return Err(MeasureError::firmware("it is not of whole pages"));
        }
        let entries = entries(bytes)
            .ok_or_else(|| MeasureError::firmware("the table at its end does not read"))?;
        Ok(Self { bytes, entries })
    }

    /// All of it.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where it is in the guest's memory: it ends at 4 GiB.
    #[must_use]
    pub fn address(&self) -> u64 {
        u64::try_from(self.bytes.len()).map_or(0, |len| FOUR_GIB.saturating_sub(len))
    }

    /// Where processors other than the first one begin.
    ///
    /// # Errors
    /// [`MeasureError::Firmware`] if it does not say.
    pub fn ap_reset_address(&self) -> Result<u32, MeasureError> {
        self.word(&AP_RESET, "it does not say where further processors begin")
    }

    /// The guest-physical address of the table of hashes; `None` if there is no place for one.
    ///
    /// # Errors
    /// [`MeasureError::Firmware`] if the entry is cut.
    pub fn hash_table_address(&self) -> Result<Option<u32>, MeasureError> {
        if self.entry(&HASH_TABLE).is_none() {
            return Ok(None);
        }
        // INVARIANT: 0 is how a firmware says that it has no such table.
        let address = self.word(&HASH_TABLE, "its hash table's entry is cut")?;
        Ok((address != 0).then_some(address))
    }

    fn entry(&self, guid: &Guid) -> Option<&'a [u8]> {
        self.entries.iter().find(|(named, _)| named == guid).map(|(_, data)| *data)
    }

    fn word(&self, guid: &Guid, otherwise: &str) -> Result<u32, MeasureError> {
        let word = self.entry(guid).and_then(|data| Reader::new(data).u32());
        word.ok_or_else(|| MeasureError::firmware(otherwise))
    }

    /// What stands as many bytes before the end as the entry `guid` says.
    fn behind_offset(&self, guid: &Guid, what: &str) -> Result<&'a [u8], MeasureError> {
        let offset = self.word(guid, &format!("it has no {what}"))?;
        let start = usize::try_from(offset).ok().and_then(|it| self.bytes.len().checked_sub(it));
        start
            .and_then(|start| self.bytes.get(start..))
            .ok_or_else(|| MeasureError::firmware(format!("its {what} is outside of it")))
    }
}

/// Entries from the end towards the front; `None` if the table is cut or has no end.
fn entries(bytes: &[u8]) -> Option<Vec<(Guid, &[u8])>> {
    let table_end = bytes.len().checked_sub(RESET_VECTOR_BYTES)?;
    let (_, footer, length) = last_entry(bytes.get(..table_end)?)?;
    if footer != FOOTER {
        return None;
    }
    let start = table_end.checked_sub(length)?;
    let mut rest = bytes.get(start..table_end.checked_sub(ENTRY_TAIL_BYTES)?)?;
    let mut entries = Vec::new();
    while !rest.is_empty() {
        let (before, guid, length) = last_entry(rest)?;
        let data =
            before.get(before.len().checked_sub(length.checked_sub(ENTRY_TAIL_BYTES)?)?..)?;
        let twice = entries.iter().any(|(named, _)| *named == guid);
        if twice || entries.len() == FIRMWARE_ENTRIES_MAX {
            return None;
        }
        entries.push((guid, data));
        rest = rest.get(..rest.len().checked_sub(length)?)?;
    }
    Some(entries)
}

/// What stands before the tail of the last entry, its GUID, and how long it is with its tail.
fn last_entry(bytes: &[u8]) -> Option<(&[u8], Guid, usize)> {
    let (before, tail) = bytes.split_at_checked(bytes.len().checked_sub(ENTRY_TAIL_BYTES)?)?;
    let mut tail = Reader::new(tail);
    let length = usize::from(tail.u16()?);
    Some((before, Guid::from_bytes(tail.array()?), length))
}
