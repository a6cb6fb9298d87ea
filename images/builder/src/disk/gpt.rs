//! A GUID partition table with one partition.
//!
//! SPEC: UEFI 2.10, chapter 5.

use flate2::Crc;

use super::SECTOR;

/// Sectors before the first partition, and what partitions are aligned to: 1 MiB.
const FIRST: u64 = 2048;
/// Entries of the table.
const ENTRIES: u32 = 128;
/// Bytes of an entry.
const ENTRY_BYTES: u32 = 128;
/// Sectors of the table's entries.
const TABLE_SECTORS: u64 = 32;
/// `C12A7328-F81F-11D2-BA4B-00A0C93EC93B`, as it is stored.
const EFI_SYSTEM: [u8; 16] = [
    0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b,
];
/// The partition's name.
const NAME: &str = "EFI system";

/// Where the parts of the disk are, in sectors.
struct Layout {
    /// The last sector of the partition.
    last: u64,
    /// The last sector of the disk, which is the second header.
    end: u64,
}

/// The disk: protective MBR, table, partition, and the table once more.
pub(super) fn disk(partition: &[u8], id: &[u8; 32]) -> Option<Vec<u8>> {
    let sectors = u64::try_from(partition.len().div_ceil(SECTOR)).ok()?;
    let last = FIRST.checked_add(sectors)?.checked_sub(1)?;
    // A whole number of mebibytes, as clouds demand of disks.
    let end = last.checked_add(TABLE_SECTORS)?.checked_add(2)?.checked_next_multiple_of(FIRST)?;
    let layout = Layout { last, end: end.checked_sub(1)? };
    let entries = entries(&layout, id);
    let mut out = Vec::with_capacity(byte(end)?);
    out.extend_from_slice(&protective(&layout));
    out.extend_from_slice(&header(&layout, &entries, id, Place::First));
    out.extend_from_slice(&entries);
    out.resize(byte(FIRST)?, 0);
    out.extend_from_slice(partition);
    out.resize(byte(layout.end.checked_sub(TABLE_SECTORS)?)?, 0);
    out.extend_from_slice(&entries);
    out.extend_from_slice(&header(&layout, &entries, id, Place::Second));
    Some(out)
}

fn byte(sector: u64) -> Option<usize> {
    usize::try_from(sector).ok()?.checked_mul(SECTOR)
}

/// Tells programs that know no GUID partition table that the disk is full.
fn protective(layout: &Layout) -> [u8; SECTOR] {
    let mut mbr = [0; SECTOR];
    let size = u32::try_from(layout.end).unwrap_or(u32::MAX);
    let entry = [0, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff, 1, 0, 0, 0];
    let entry = entry.into_iter().chain(size.to_le_bytes());
    mbr.iter_mut().skip(446).zip(entry).for_each(|(to, from)| *to = from);
    mbr.iter_mut().skip(510).zip([0x55, 0xaa]).for_each(|(to, from)| *to = from);
    mbr
}

fn entries(layout: &Layout, id: &[u8; 32]) -> Vec<u8> {
    let mut entries = EFI_SYSTEM.to_vec();
    entries.extend_from_slice(&guid(id, Guid::Partition));
    entries.extend_from_slice(&FIRST.to_le_bytes());
    entries.extend_from_slice(&layout.last.to_le_bytes());
    entries.extend_from_slice(&0_u64.to_le_bytes());
    entries.extend(NAME.encode_utf16().flat_map(u16::to_le_bytes));
    entries.resize(byte(TABLE_SECTORS).unwrap_or_default(), 0);
    entries
}

/// Where a header is: before the partition, or behind it.
#[derive(Clone, Copy)]
enum Place {
    First,
    Second,
}

fn header(layout: &Layout, entries: &[u8], id: &[u8; 32], place: Place) -> [u8; SECTOR] {
    let table = layout.end.saturating_sub(TABLE_SECTORS);
    let (own, other, table) = match place {
        Place::First => (1, layout.end, 2),
        Place::Second => (layout.end, 1, table),
    };
    let last_usable = layout.end.saturating_sub(TABLE_SECTORS).saturating_sub(1);
    let mut header = b"EFI PART".to_vec();
    for word in [0x0001_0000, HEADER_BYTES, 0, 0] {
        header.extend_from_slice(&word.to_le_bytes());
    }
    for word in [own, other, TABLE_SECTORS.saturating_add(2), last_usable] {
        header.extend_from_slice(&word.to_le_bytes());
    }
    header.extend_from_slice(&guid(id, Guid::Disk));
    header.extend_from_slice(&table.to_le_bytes());
    for word in [ENTRIES, ENTRY_BYTES, crc(entries)] {
        header.extend_from_slice(&word.to_le_bytes());
    }
    let own_crc = crc(&header);
    let mut sector = [0; SECTOR];
    sector.iter_mut().zip(&header).for_each(|(to, from)| *to = *from);
    sector.iter_mut().skip(16).zip(own_crc.to_le_bytes()).for_each(|(to, from)| *to = from);
    sector
}

/// Bytes of a header that its checksum covers.
const HEADER_BYTES: u32 = 92;

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// What a GUID is of.
#[derive(Clone, Copy)]
enum Guid {
    Disk,
    Partition,
}

/// A GUID that follows from the image.
///
/// SPEC: RFC 9562 section 5.8: version 8, for what is made in a way of one's own.
fn guid(id: &[u8; 32], of: Guid) -> [u8; 16] {
    let (first, second) = id.split_at(16);
    let bytes = match of {
        Guid::Disk => first,
        Guid::Partition => second,
    };
    let mut guid = [0; 16];
    guid.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    // Its third field is stored with the low byte first.
    let [_, _, _, _, _, _, _, version, variant, ..] = &mut guid;
    *version = (*version & 0x0f) | 0x80;
    *variant = (*variant & 0x3f) | 0x80;
    guid
}

#[cfg(test)]
mod tests {
    use super::{SECTOR, crc, disk};

    fn word(bytes: &[u8]) -> u64 {
        u64::from_le_bytes(bytes[..8].try_into().unwrap())
    }

    #[test]
    fn both_copies_of_the_table_are_whole_and_point_at_each_other() {
        let disk = disk(&[7; 3 * SECTOR], &[9; 32]).unwrap();
        assert_eq!(disk.len() % (1 << 20), 0);
        let last = disk.len() / SECTOR - 1;
        for (own, other) in [(1, last), (last, 1)] {
            let header = &disk[own * SECTOR..][..SECTOR];
            assert_eq!(&header[..8], b"EFI PART");
            let mut zeroed = header[..92].to_vec();
            zeroed[16..20].fill(0);
            assert_eq!(header[16..20], crc(&zeroed).to_le_bytes());
            assert_eq!(word(&header[24..]), u64::try_from(own).unwrap());
            assert_eq!(word(&header[32..]), u64::try_from(other).unwrap());
            let table = usize::try_from(word(&header[72..])).unwrap() * SECTOR;
            let entries = &disk[table..][..128 * 128];
            assert_eq!(header[88..92], crc(entries).to_le_bytes());
            let first = usize::try_from(word(&entries[32..])).unwrap();
            assert_eq!(word(&entries[40..]), u64::try_from(first + 2).unwrap());
            assert_eq!(disk[first * SECTOR..][..3 * SECTOR], [7; 3 * SECTOR]);
        }
    }
}
