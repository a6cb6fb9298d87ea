//! A FAT32 file system with one file: `EFI/BOOT/BOOTX64.EFI`.
//!
//! SPEC: Microsoft FAT specification, 2005; UEFI 2.10 section 13.3.

use super::SECTOR;

/// Sectors before the tables.
const RESERVED: u32 = 32;
/// Bytes of a cluster: with one sector each, 65,525 of them, which make it FAT32, are 32 MiB.
const CLUSTER: usize = SECTOR;
/// Clusters below which a file system is FAT16, with a margin for firmware that counts otherwise.
const CLUSTERS_MIN: u32 = 65_525 + 16;
/// Clusters of one table's sector.
const PER_SECTOR: u32 = 128;
/// The end of a chain.
const END: u32 = 0x0fff_ffff;
/// The first cluster of data: the root folder.
const ROOT: u32 = 2;
/// `ATTR_DIRECTORY`.
const FOLDER: u8 = 0x10;
/// `ATTR_ARCHIVE`.
const FILE: u8 = 0x20;
/// 1 January 1980, the earliest date that there is: day 1, month 1, year 0.
const DATE: u16 = 0x21;

/// The path of the file: folders of one cluster each, and the file behind them.
const EFI: u32 = ROOT + 1;
const BOOT: u32 = ROOT + 2;
const PROGRAM: u32 = ROOT + 3;

/// Sizes, in sectors and clusters.
struct Geometry {
    clusters: u32,
    table_sectors: u32,
    /// Clusters of the file.
    program: u32,
}

impl Geometry {
    fn of(bytes: usize) -> Option<Self> {
        let program = u32::try_from(bytes.div_ceil(CLUSTER)).ok()?;
        let clusters = program.checked_add(3)?.max(CLUSTERS_MIN);
        let table_sectors = clusters.checked_add(ROOT)?.div_ceil(PER_SECTOR);
        Some(Self { clusters, table_sectors, program })
    }

    fn sectors(&self) -> Option<u32> {
        RESERVED.checked_add(self.table_sectors.checked_mul(2)?)?.checked_add(self.clusters)
    }
}

/// The file system with `program` in it; its serial number is taken from `id`.
pub(super) fn file_system(program: &[u8], id: &[u8; 32]) -> Option<Vec<u8>> {
    let size = u32::try_from(program.len()).ok()?;
    let geometry = Geometry::of(program.len())?;
    let len = usize::try_from(geometry.sectors()?).ok()?.checked_mul(SECTOR)?;
    let mut out = Vec::with_capacity(len);
    for _copy in 0..2 {
        out.extend_from_slice(&boot_sector(&geometry, id)?);
        out.extend_from_slice(&information(&geometry));
        // The third boot sector, and the space before the copy of all three.
        out.resize(out.len().checked_add(SECTOR.checked_mul(4)?)?, 0);
    }
    out.resize(usize::try_from(RESERVED).ok()?.checked_mul(SECTOR)?, 0);
    let table = table(&geometry)?;
    out.extend_from_slice(&table);
    out.extend_from_slice(&table);
    let dots = |own, parent| {
        [entry(b".          ", FOLDER, own, 0), entry(b"..         ", FOLDER, parent, 0)]
    };
    cluster(&mut out, &[entry(b"EFI        ", FOLDER, EFI, 0)]);
    // SPEC: `..` of a folder in the root has cluster 0.
    let [own, parent] = dots(EFI, 0);
    cluster(&mut out, &[own, parent, entry(b"BOOT       ", FOLDER, BOOT, 0)]);
    let [own, parent] = dots(BOOT, EFI);
    let first = if program.is_empty() { 0 } else { PROGRAM };
    cluster(&mut out, &[own, parent, entry(b"BOOTX64 EFI", FILE, first, size)]);
    out.extend_from_slice(program);
    out.resize(len, 0);
    Some(out)
}

fn boot_sector(geometry: &Geometry, id: &[u8; 32]) -> Option<[u8; SECTOR]> {
    let mut bytes = vec![0xeb, 0x58, 0x90];
    bytes.extend_from_slice(b"CLOISTER");
    bytes.extend_from_slice(&512_u16.to_le_bytes());
    bytes.push(1);
    bytes.extend_from_slice(&u16::try_from(RESERVED).ok()?.to_le_bytes());
    // Two tables; the fields of FAT12 and FAT16 are zero; a fixed disk.
    bytes.extend_from_slice(&[2, 0, 0, 0, 0, 0xf8, 0, 0]);
    // Sectors of a track, and heads, which nothing reads any more; no hidden sectors.
    bytes.extend_from_slice(&[32, 0, 64, 0, 0, 0, 0, 0]);
    bytes.extend_from_slice(&geometry.sectors()?.to_le_bytes());
    bytes.extend_from_slice(&geometry.table_sectors.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&ROOT.to_le_bytes());
    // The information sector, and the copy of both.
    bytes.extend_from_slice(&[1, 0, 6, 0]);
    bytes.extend_from_slice(&[0; 12]);
    bytes.extend_from_slice(&[0x80, 0, 0x29]);
    bytes.extend_from_slice(id.first_chunk::<4>()?);
    bytes.extend_from_slice(b"NO NAME    FAT32   ");
    Some(sector(&bytes))
}

/// How many clusters are free, and where to look for the first.
fn information(geometry: &Geometry) -> [u8; SECTOR] {
    let used = geometry.program.saturating_add(3);
    let mut bytes = b"RRaA".to_vec();
    bytes.resize(484, 0);
    bytes.extend_from_slice(b"rrAa");
    bytes.extend_from_slice(&geometry.clusters.saturating_sub(used).to_le_bytes());
    bytes.extend_from_slice(&ROOT.saturating_add(used).to_le_bytes());
    sector(&bytes)
}

fn sector(bytes: &[u8]) -> [u8; SECTOR] {
    let mut sector = [0; SECTOR];
    let ending = [0x55, 0xaa];
    sector.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    sector.iter_mut().skip(510).zip(ending).for_each(|(to, from)| *to = from);
    sector
}

/// Which cluster follows which.
fn table(geometry: &Geometry) -> Option<Vec<u8>> {
    let mut table = Vec::new();
    // Media and clean-shutdown marks, then the three folders, each a chain of one.
    for word in [0x0fff_fff8, END, END, END, END] {
        table.extend_from_slice(&u32::to_le_bytes(word));
    }
    for index in 1..=geometry.program {
        let next = if index == geometry.program { END } else { PROGRAM.checked_add(index)? };
        table.extend_from_slice(&next.to_le_bytes());
    }
    table.resize(usize::try_from(geometry.table_sectors).ok()?.checked_mul(SECTOR)?, 0);
    Some(table)
}

/// A folder's entry, without times.
fn entry(name: &[u8; 11], attributes: u8, cluster: u32, size: u32) -> [u8; 32] {
    let [low, lower, high, higher] = cluster.to_le_bytes();
    let [day, month] = DATE.to_le_bytes();
    let fields = [attributes, 0, 0, 0, 0, day, month, day, month, high, higher, 0, 0, day, month];
    let bytes = name.iter().copied().chain(fields).chain([low, lower]).chain(size.to_le_bytes());
    let mut entry = [0; 32];
    entry.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    entry
}

fn cluster(out: &mut Vec<u8>, entries: &[[u8; 32]]) {
    let end = out.len().saturating_add(CLUSTER);
    entries.iter().for_each(|entry| out.extend_from_slice(entry));
    out.resize(end, 0);
}

#[cfg(test)]
mod tests {
    use super::{CLUSTERS_MIN, END, Geometry, SECTOR, file_system};

    fn word(bytes: &[u8], at: usize) -> usize {
        usize::try_from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())).unwrap()
    }

    /// Follows names and chains as firmware does.
    fn read(disk: &[u8], path: &[&[u8; 11]]) -> Vec<u8> {
        let tables = 32 * SECTOR;
        let data = tables + 2 * word(disk, 36) * SECTOR;
        let chain = |mut cluster: usize| {
            let mut bytes = Vec::new();
            while cluster < 0x0fff_fff8 {
                bytes.extend_from_slice(&disk[data + (cluster - 2) * SECTOR..][..SECTOR]);
                cluster = word(disk, tables + 4 * cluster);
            }
            bytes
        };
        let mut bytes = chain(word(disk, 44));
        for name in path {
            let entry = bytes.chunks(32).find(|entry| entry[..11] == name[..]).unwrap();
            let cluster = usize::from(u16::from_le_bytes([entry[26], entry[27]]))
                | (usize::from(u16::from_le_bytes([entry[20], entry[21]])) << 16);
            let size = word(entry, 28);
            bytes = chain(cluster);
            if size > 0 {
                bytes.truncate(size);
            }
        }
        bytes
    }

    #[test]
    fn the_file_is_found_by_its_path_and_is_whole() {
        let path: [&[u8; 11]; 3] = [b"EFI        ", b"BOOT       ", b"BOOTX64 EFI"];
        for len in [1, SECTOR, SECTOR + 1, 70_000 * SECTOR + 3] {
            let program: Vec<u8> = (0..251).cycle().take(len).collect();
            let disk = file_system(&program, &[1; 32]).unwrap();
            assert!(read(&disk, &path) == program, "{len}");
            assert_eq!(disk.len(), word(&disk, 32) * SECTOR);
            assert_eq!(disk[..2 * SECTOR], disk[6 * SECTOR..8 * SECTOR]);
        }
    }

    #[test]
    fn there_are_never_so_few_clusters_that_it_would_be_another_file_system() {
        for bytes in [0, 1, 40 << 20] {
            let geometry = Geometry::of(bytes).unwrap();
            assert!(geometry.clusters >= CLUSTERS_MIN);
            assert!(geometry.table_sectors * 128 >= geometry.clusters + 2);
        }
        assert!(Geometry::of(usize::try_from(END).unwrap() * SECTOR * 32).is_none());
    }
}
