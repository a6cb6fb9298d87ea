//! What a TDX launch adds to the guest's memory, as the firmware asks for it.
//!
//! SPEC: Intel TDX Virtual Firmware Design Guide, section 11 "TDVF Metadata".

use cloister_attestation::bytes::Reader;

use super::{Firmware, Guid, PAGE_BYTES};
use crate::measure::error::MeasureError;
use crate::measure::limits::{FIRMWARE_SECTIONS_MAX, SECTION_BYTES_MAX};

const METADATA: Guid = Guid::new(0xe47a_6535, 0x984a, 0x4798, 0x865e_4685_a7bf_8ec2);
const SIGNATURE: &[u8] = b"TDVF";
const HEADER_BYTES: u32 = 16;
const SECTION_BYTES: u32 = 32;
const VERSION: u32 = 1;
const MR_EXTEND: u32 = 1;
const PAGE_AUG: u32 = 2;

/// Memory that a launch adds, with what it is filled from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TdvfSection<'a> {
    /// What it is filled with; zeros follow.
    pub data: &'a [u8],
    /// Where, guest-physical; the start of a page.
    pub address: u64,
    /// How many bytes; whole pages.
    pub bytes: u64,
    /// What.
    pub kind: TdvfSectionKind,
    /// Whether its contents are measured, not only its place.
    pub is_extended: bool,
    /// Whether it is added after the launch, and not measured at all.
    pub is_added_later: bool,
}

/// What kind of memory a launch adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TdvfSectionKind {
    /// The boot firmware volume: code.
    Bfv,
    /// The configuration firmware volume: variables.
    Cfv,
    /// Where the VMM writes what memory there is.
    TdHob,
    /// Memory for the firmware.
    TempMem,
    /// Memory that stays.
    PermMem,
}

impl TdvfSectionKind {
    const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::Bfv,
            1 => Self::Cfv,
            2 => Self::TdHob,
            3 => Self::TempMem,
            4 => Self::PermMem,
            _ => return None,
        })
    }
}

impl<'a> Firmware<'a> {
    /// What a launch adds, in its order.
    ///
    /// # Errors
    /// [`MeasureError::Firmware`], also for a kind or attribute that is not known: it would be
    /// measured.
    pub fn tdvf_sections(&self) -> Result<Vec<TdvfSection<'a>>, MeasureError> {
        let mut reader = Reader::new(self.behind_offset(&METADATA, "TDX metadata")?);
        let count = header(&mut reader)
            .ok_or_else(|| MeasureError::firmware("its TDX metadata does not read"))?;
        let sections: Vec<_> =
            (0..count).map(|_| self.tdvf_section(&mut reader)).collect::<Result<_, _>>()?;
        let bytes = sections.iter().fold(0, |sum: u64, section| sum.saturating_add(section.bytes));
        if bytes > SECTION_BYTES_MAX {
            return Err(MeasureError::firmware("its TDX sections are too large together"));
        }
        Ok(sections)
    }

    fn tdvf_section(&self, reader: &mut Reader<'_>) -> Result<TdvfSection<'a>, MeasureError> {
        let raw =
            Raw::read(reader).ok_or_else(|| MeasureError::firmware("its TDX metadata is cut"))?;
        let kind = TdvfSectionKind::from_number(raw.number).ok_or_else(|| {
            MeasureError::firmware(format!(
                "its TDX metadata has a section of unknown kind {}",
                raw.number
            ))
        })?;
        if raw.attributes & !(MR_EXTEND | PAGE_AUG) != 0 || !raw.is_of_pages() {
            return Err(MeasureError::firmware(
                "a TDX section has unknown attributes, is not of whole pages, or too large",
            ));
        }
        let data = raw.data(self.bytes());
        Ok(TdvfSection {
            data: data
                .ok_or_else(|| MeasureError::firmware("a TDX section's data is outside of it"))?,
            address: raw.address,
            bytes: raw.bytes,
            kind,
            is_extended: raw.attributes & MR_EXTEND != 0,
            is_added_later: raw.attributes & PAGE_AUG != 0,
        })
    }
}

fn header(reader: &mut Reader<'_>) -> Option<u32> {
    let signature = reader.take(SIGNATURE.len())?;
    let (bytes, version, count) = (reader.u32()?, reader.u32()?, reader.u32()?);
    let expected = count.checked_mul(SECTION_BYTES)?.checked_add(HEADER_BYTES)?;
    let is_known = signature == SIGNATURE && version == VERSION && bytes == expected;
    (is_known && count <= FIRMWARE_SECTIONS_MAX).then_some(count)
}

struct Raw {
    data_offset: u32,
    data_bytes: u32,
    address: u64,
    bytes: u64,
    number: u32,
    attributes: u32,
}

impl Raw {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            data_offset: reader.u32()?,
            data_bytes: reader.u32()?,
            address: reader.u64()?,
            bytes: reader.u64()?,
            number: reader.u32()?,
            attributes: reader.u32()?,
        })
    }

    fn is_of_pages(&self) -> bool {
        let is_paged =
            |it: u64| u64::try_from(PAGE_BYTES).is_ok_and(|page| it.is_multiple_of(page));
        is_paged(self.address)
            && is_paged(self.bytes)
            && self.bytes <= SECTION_BYTES_MAX
            && u64::from(self.data_bytes) <= self.bytes
            && self.address.checked_add(self.bytes).is_some()
    }

    fn data<'a>(&self, firmware: &'a [u8]) -> Option<&'a [u8]> {
        let start = usize::try_from(self.data_offset).ok()?;
        let len = usize::try_from(self.data_bytes).ok()?;
        firmware.get(start..start.checked_add(len)?)
    }
}
