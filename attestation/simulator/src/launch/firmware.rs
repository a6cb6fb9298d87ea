//! What virtual firmware tells the VMM about itself, in a table at its end.
//!
//! SPEC: edk2, `OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm`: entries are read from the end, each
//! of them data, its whole length in 16 bits, and a GUID. 32 bytes follow the last one.

use super::Unlaunchable;

/// A GUID as it lies in memory.
type Guid = [u8; 16];

/// The entry behind all others: its length is the table's.
const FOOTER: Guid = guid(0x96b5_82de, 0x1fb2, 0x45f7, 0xbaea_a366_c55a_082d);

/// `SEV_ES_RESET_BLOCK_GUID`: where the processors but the first start.
pub(super) const RESET_BLOCK: Guid = guid(0x00f7_71de, 0x1a7e, 0x4fcb, 0x890e_68c7_7e2f_b44e);

/// `SEV_HASH_TABLE_RV_GUID`: where the VMM puts the hashes of kernel, initrd and command line.
pub(super) const HASH_TABLE: Guid = guid(0x7255_371f, 0x3a3b, 0x4b04, 0x927b_1da6_efa8_d454);

/// `OVMF_SEV_METADATA_GUID`: how far from the end the list of SEV sections is.
pub(super) const SEV_METADATA: Guid = guid(0xdc88_6566, 0x984a, 0x4798, 0xa75e_5585_a7bf_67cc);

/// `TDX_METADATA_OFFSET_GUID`: how far from the end the list of TDX sections is.
pub(super) const TDX_METADATA: Guid = guid(0xe47a_6535, 0x984a, 0x4798, 0x865e_4685_a7bf_8ec2);

/// Bytes behind the table: the reset vector.
const BEHIND: usize = 32;

/// An entry's length and GUID.
const TRAILER: usize = 18;

pub(super) const fn guid(first: u32, second: u16, third: u16, rest: u64) -> Guid {
    let ([a, b, c, d], [e, f]) = (first.to_le_bytes(), second.to_le_bytes());
    let ([g, h], [i, j, k, l, m, n, o, p]) = (third.to_le_bytes(), rest.to_be_bytes());
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

/// The data of the entry that `wanted` names.
pub(super) fn entry(firmware: &[u8], wanted: Guid) -> Result<&[u8], Unlaunchable> {
    const NONE: Unlaunchable = Unlaunchable("the firmware has no table for confidential machines");
    let end = firmware.len().checked_sub(BEHIND).ok_or(NONE)?;
    let (_, length, guid) = last(&firmware[..end]).ok_or(NONE)?;
    if guid != FOOTER {
        return Err(NONE);
    }
    let start = end.checked_sub(length).ok_or(NONE)?;
    let mut rest = &firmware[start..end - TRAILER];
    while let Some((data, length, guid)) = last(rest) {
        if guid == wanted {
            return Ok(data);
        }
        rest = &rest[..rest.len() - length];
    }
    Err(Unlaunchable("the firmware lacks an entry that this kind of machine needs"))
}

/// The last entry of a table: its data, its whole length, its GUID.
fn last(table: &[u8]) -> Option<(&[u8], usize, Guid)> {
    let (rest, guid) = table.split_last_chunk::<16>()?;
    let (_, length) = rest.split_last_chunk::<2>()?;
    let length = usize::from(u16::from_le_bytes(*length));
    let start = table.len().checked_sub(length)?;
    let data = table.get(start..table.len().checked_sub(TRAILER)?)?;
    Some((data, length, *guid))
}

/// What is that far from the end, as the entry that `wanted` names says.
pub(super) fn pointed(firmware: &[u8], wanted: Guid) -> Result<&[u8], Unlaunchable> {
    let distance = usize::try_from(number(entry(firmware, wanted)?, 0)?).ok();
    let start = distance.and_then(|distance| firmware.len().checked_sub(distance));
    start.map(|start| &firmware[start..]).ok_or(Unlaunchable("an entry points out of the firmware"))
}

/// The 32-bit number at `offset`.
pub(super) fn number(data: &[u8], offset: usize) -> Result<u32, Unlaunchable> {
    let bytes = data.get(offset..).and_then(<[u8]>::first_chunk::<4>);
    bytes
        .map(|bytes| u32::from_le_bytes(*bytes))
        .ok_or(Unlaunchable("the firmware's lists end early"))
}

/// The 64-bit number at `offset`.
pub(super) fn address(data: &[u8], offset: usize) -> Result<u64, Unlaunchable> {
    let (low, high) = (number(data, offset)?, number(data, offset + 4)?);
    Ok(u64::from(high) << 32 | u64::from(low))
}
