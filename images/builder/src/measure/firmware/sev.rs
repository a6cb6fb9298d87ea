//! What an SEV-SNP launch adds to the guest's memory, as the firmware asks for it.
//!
//! SPEC: OVMF, OvmfPkg/ResetVector/X64/OvmfSevMetadata.asm.

use cloister_attestation::bytes::Reader;

use super::{Firmware, Guid, PAGE_BYTES};
use crate::measure::error::MeasureError;
use crate::measure::limits::{FIRMWARE_SECTIONS_MAX, SECTION_BYTES_MAX};

const METADATA: Guid = Guid::new(0xdc88_6566, 0x984a, 0x4798, 0xa75e_5585_a7bf_67cc);
const SIGNATURE: &[u8] = b"ASEV";
const HEADER_BYTES: u32 = 16;
const SECTION_BYTES: u32 = 12;
const VERSION: u32 = 1;

/// Memory that a launch adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SevSection {
    /// Where, guest-physical; the start of a page.
    pub address: u32,
    /// How many bytes; whole pages.
    pub bytes: u32,
    /// What.
    pub kind: SevSectionKind,
}

/// What kind of memory a launch adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SevSectionKind {
    /// Zeroed memory that the firmware uses before it has any other.
    SecMemory,
    /// The secrets page.
    Secrets,
    /// The CPUID page.
    Cpuid,
    /// The calling area of a service module.
    SvsmCallingArea,
    /// The hashes of kernel, initrd and command line.
    KernelHashes,
}

impl SevSectionKind {
    const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::SecMemory,
            2 => Self::Secrets,
            3 => Self::Cpuid,
            4 => Self::SvsmCallingArea,
            0x10 => Self::KernelHashes,
            _ => return None,
        })
    }
}

impl Firmware<'_> {
    /// What a launch adds, in its order.
    ///
    /// # Errors
    /// [`MeasureError::Firmware`], also for a kind that is not known: it would be measured.
    pub fn sev_sections(&self) -> Result<Vec<SevSection>, MeasureError> {
        let mut reader = Reader::new(self.behind_offset(&METADATA, "SEV metadata")?);
        let count = header(&mut reader)
            .ok_or_else(|| MeasureError::firmware("its SEV metadata does not read"))?;
        let sections: Vec<_> =
            (0..count).map(|_| section(&mut reader)).collect::<Result<_, _>>()?;
        let bytes = sections.iter().map(|section| u64::from(section.bytes));
        if bytes.fold(0, u64::saturating_add) > SECTION_BYTES_MAX {
            return Err(MeasureError::firmware("its SEV sections are too large together"));
        }
        Ok(sections)
    }
}

fn header(reader: &mut Reader<'_>) -> Option<u32> {
    let signature = reader.take(SIGNATURE.len())?;
    let (bytes, version, count) = (reader.u32()?, reader.u32()?, reader.u32()?);
    let expected = count.checked_mul(SECTION_BYTES)?.checked_add(HEADER_BYTES)?;
    let is_known = signature == SIGNATURE && version == VERSION && bytes == expected;
    (is_known && count <= FIRMWARE_SECTIONS_MAX).then_some(count)
}

fn section(reader: &mut Reader<'_>) -> Result<SevSection, MeasureError> {
    let (Some(address), Some(bytes), Some(number)) = (reader.u32(), reader.u32(), reader.u32())
    else {
        return Err(MeasureError::firmware("its SEV metadata is cut"));
    };
    let kind = SevSectionKind::from_number(number).ok_or_else(|| {
        MeasureError::firmware(format!("its SEV metadata has a section of unknown kind {number}"))
    })?;
    let is_paged = |it: u32| usize::try_from(it).is_ok_and(|it| it.is_multiple_of(PAGE_BYTES));
    if !is_paged(address) || !is_paged(bytes) || u64::from(bytes) > SECTION_BYTES_MAX {
        return Err(MeasureError::firmware("an SEV section is not of whole pages, or too large"));
    }
    Ok(SevSection { address, bytes, kind })
}
