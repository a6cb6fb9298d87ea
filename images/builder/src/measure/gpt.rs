//! The partitions of a disk, as firmware measures them when it boots from one.
//!
//! SPEC: UEFI 2.10 section 5.3; TCG PC Client Platform Firmware Profile 1.06, section 10.2.7
//! `UEFI_GPT_DATA`.

use cloister_attestation::bytes::Reader;

use super::error::MeasureError;
use super::limits::PARTITIONS_MAX;

const BLOCK_BYTES: usize = 512;
const SIGNATURE: &[u8] = b"EFI PART";
/// What is measured of the header.
const HEADER_BYTES: usize = 92;
const ENTRY_BYTES: usize = 128;
const TYPE_BYTES: usize = 16;
/// Where the header says where the entries begin, how many there are, and how long each is.
const ENTRIES_AT: usize = 72;

/// The payload of the event: the header, how many partitions are in use, and these.
///
/// # Errors
/// [`MeasureError::Input`] if the disk does not begin with a partition table.
pub fn partition_event(disk: &[u8]) -> Result<Vec<u8>, MeasureError> {
    let event = header(disk).and_then(|header| Some((header, entries(disk, header)?)));
    let (header, entries) = event.ok_or_else(|| {
        MeasureError::input("disk", "its partition table (GPT, blocks of 512 bytes) does not read")
    })?;
    let used: Vec<&[u8]> = entries.chunks(ENTRY_BYTES).filter(|entry| is_used(entry)).collect();
    let count = u64::try_from(used.len()).unwrap_or(u64::MAX);
    Ok([header, &count.to_le_bytes(), &used.concat()].concat())
}

fn header(disk: &[u8]) -> Option<&[u8]> {
    let header = disk.get(BLOCK_BYTES..)?.get(..HEADER_BYTES)?;
    header.starts_with(SIGNATURE).then_some(header)
}

fn entries<'a>(disk: &'a [u8], header: &[u8]) -> Option<&'a [u8]> {
    let mut fields = Reader::new(header.get(ENTRIES_AT..)?);
    let (block, count, bytes) = (fields.u64()?, fields.u32()?, fields.u32()?);
    if count > PARTITIONS_MAX || usize::try_from(bytes).ok()? != ENTRY_BYTES {
        return None;
    }
    let start = usize::try_from(block).ok()?.checked_mul(BLOCK_BYTES)?;
    let len = usize::try_from(count).ok()?.checked_mul(ENTRY_BYTES)?;
    disk.get(start..start.checked_add(len)?)
}

fn is_used(entry: &[u8]) -> bool {
    entry.iter().take(TYPE_BYTES).any(|byte| *byte != 0)
}
