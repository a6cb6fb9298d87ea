//! The TD HOB: what a VMM tells the firmware of the memory that there is.
//!
//! SPEC: UEFI PI 1.8 volume 3, section 5; QEMU, hw/i386/tdvf-hob.c.

use crate::measure::error::MeasureError;
use crate::measure::firmware::{Firmware, TdvfSectionKind};
use crate::measure::limits::MEMORY_MIB_MAX;

const HAND_OFF: u16 = 1;
const HAND_OFF_BYTES: u16 = 56;
const RESOURCE: u16 = 3;
const RESOURCE_BYTES: u16 = 48;
const VERSION: u32 = 9;
/// Present, initialised and tested.
const ATTRIBUTES: u32 = 7;
const SYSTEM_MEMORY: u32 = 0;
const UNACCEPTED_MEMORY: u32 = 7;
const MIB: u64 = 1024 * 1024;
const FOUR_GIB: u64 = 1 << 32;
/// Memory from which on a part of it is above 4 GiB, and how much is below then.
// SPEC: QEMU, hw/i386/pc_q35.c: lowmem.
const SPLIT_FROM: u64 = 0xb000_0000;
const BELOW_SPLIT: u64 = 0x8000_0000;

/// A range of the guest's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    start: u64,
    end: u64,
    is_accepted: bool,
}

/// The TD HOB that QEMU (machine q35) writes for a guest with so much memory, in MiB.
///
/// # Errors
/// [`MeasureError::Firmware`]; [`MeasureError::Shape`] for memory that does not hold the firmware's
/// own, or more than any host has.
pub fn td_hob(firmware: &Firmware<'_>, memory_mib: u64) -> Result<Vec<u8>, MeasureError> {
    if memory_mib == 0 || memory_mib > MEMORY_MIB_MAX {
        return Err(MeasureError::shape(format!("memory_mib {memory_mib} is out of range")));
    }
    let memory = memory_mib.saturating_mul(MIB);
    let (address, accepted) = accepted(firmware)?;
    let below = if memory >= SPLIT_FROM { BELOW_SPLIT } else { memory };
    let mut ranges = ranges(&accepted, below)?;
    if let Some(above) = memory.checked_sub(below).filter(|above| *above > 0) {
        let end = FOUR_GIB.saturating_add(above);
        ranges.push(Range { start: FOUR_GIB, end, is_accepted: false });
    }
    Ok(written(address, &ranges))
}

/// Where the HOB is, and all memory that is added before the firmware runs.
fn accepted(firmware: &Firmware<'_>) -> Result<(u64, Vec<Range>), MeasureError> {
    let mut hob = None;
    let mut ranges = Vec::new();
    for section in firmware.tdvf_sections()? {
        match section.kind {
            TdvfSectionKind::TdHob if hob.is_none() => hob = Some(section.address),
            TdvfSectionKind::TdHob => {
                return Err(MeasureError::firmware("it has more than one TD HOB"));
            }
            TdvfSectionKind::TempMem => {}
            TdvfSectionKind::Bfv | TdvfSectionKind::Cfv => continue,
            TdvfSectionKind::PermMem => {
                return Err(MeasureError::firmware("it has permanent memory, which is not known"));
            }
        }
        let end = section.address.saturating_add(section.bytes);
        ranges.push(Range { start: section.address, end, is_accepted: true });
    }
    ranges.sort_by_key(|range| range.start);
    let hob = hob.ok_or_else(|| MeasureError::firmware("it has no TD HOB"))?;
    Ok((hob, ranges))
}

/// All memory below the split, in order: what is accepted, and what lies between.
fn ranges(accepted: &[Range], below: u64) -> Result<Vec<Range>, MeasureError> {
    let mut ranges = Vec::new();
    let mut at = 0;
    let gap = |start: u64, end: u64, ranges: &mut Vec<Range>| {
        if start < end {
            ranges.push(Range { start, end, is_accepted: false });
        }
    };
    for range in accepted {
        if range.start < at || range.end > below {
            return Err(MeasureError::shape(
                "memory_mib is less than what the firmware itself takes, or its parts overlap",
            ));
        }
        gap(at, range.start, &mut ranges);
        ranges.push(*range);
        at = range.end;
    }
    gap(at, below, &mut ranges);
    Ok(ranges)
}

fn written(address: u64, ranges: &[Range]) -> Vec<u8> {
    let mut resources = Vec::new();
    for range in ranges {
        let kind = if range.is_accepted { SYSTEM_MEMORY } else { UNACCEPTED_MEMORY };
        header(&mut resources, RESOURCE, RESOURCE_BYTES);
        resources.extend_from_slice(&[0; 16]);
        resources.extend_from_slice(&kind.to_le_bytes());
        resources.extend_from_slice(&ATTRIBUTES.to_le_bytes());
        resources.extend_from_slice(&range.start.to_le_bytes());
        resources.extend_from_slice(&range.end.saturating_sub(range.start).to_le_bytes());
    }
    let mut hob = Vec::new();
    header(&mut hob, HAND_OFF, HAND_OFF_BYTES);
    hob.extend_from_slice(&VERSION.to_le_bytes());
    // Boot mode, and the bounds of memory: the firmware finds them itself.
    hob.extend_from_slice(&[0; 36]);
    // The end of the list: behind its last entry, which is not measured.
    let listed = u64::try_from(resources.len()).unwrap_or(u64::MAX);
    let end = address.saturating_add(HAND_OFF_BYTES.into()).saturating_add(listed);
    hob.extend_from_slice(&end.saturating_add(END_BYTES).to_le_bytes());
    hob.append(&mut resources);
    hob
}

/// The entry that ends the list.
const END_BYTES: u64 = 8;

fn header(hob: &mut Vec<u8>, kind: u16, bytes: u16) {
    hob.extend_from_slice(&kind.to_le_bytes());
    hob.extend_from_slice(&bytes.to_le_bytes());
    hob.extend_from_slice(&[0; 4]);
}
