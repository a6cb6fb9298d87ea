//! Zip archives, as Python wheels are.
//!
//! SPEC: PKWARE APPNOTE 6.3.10, without ZIP64, encryption and several disks.

use std::io::Read as _;

use cloister_attestation::bytes::Reader;
use flate2::Crc;
use flate2::read::DeflateDecoder;

use super::ArchiveError;
use crate::limits::{FILE_BYTES_MAX, IMAGE_ENTRIES_MAX};

const END: &[u8] = b"PK\x05\x06";
const CENTRAL: u32 = 0x0201_4b50;
const LOCAL: u32 = 0x0403_4b50;
/// Length of the end record without its comment.
const END_BYTES: usize = 22;
/// The longest comment.
const COMMENT_BYTES_MAX: usize = 65_535;
/// General purpose flag 0: encrypted.
const ENCRYPTED: u16 = 1;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// One file of an archive; folders have names that end in `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// Its path, as it is written down.
    pub path: String,
    /// The Unix mode, where the archive was made on Unix; otherwise 0.
    pub mode: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What the central directory says of one file.
struct Central<'a> {
    flags: u16,
    method: u16,
    crc: u32,
    compressed: u32,
    size: u32,
    name: &'a [u8],
    external: u32,
    offset: u32,
}

/// All files, in the order of the central directory.
///
/// # Errors
/// [`ArchiveError`] says what is wrong.
pub fn members(archive: &[u8]) -> Result<Vec<Member>, ArchiveError> {
    let (mut directory, count) = end(archive)?;
    if count > IMAGE_ENTRIES_MAX {
        return Err(ArchiveError::new("it has too many files"));
    }
    let mut members = Vec::new();
    let mut room = FILE_BYTES_MAX;
    for _ in 0..count {
        let central = central(&mut directory).ok_or_else(short)?;
        room = room
            .checked_sub(u64::from(central.size))
            .ok_or_else(|| ArchiveError::new("its files are too large together"))?;
        members.push(member(archive, &central)?);
    }
    if directory.is_empty() {
        return Ok(members);
    }
    Err(ArchiveError::new("the directory is longer than its end says"))
}

/// The central directory, and how many files it names.
fn end(archive: &[u8]) -> Result<(Reader<'_>, usize), ArchiveError> {
    let searched = archive.len().saturating_sub(END_BYTES.saturating_add(COMMENT_BYTES_MAX));
    let tail = archive.get(searched..).unwrap_or_default();
    let at = tail.windows(END.len()).rposition(|window| window == END);
    let at = at.ok_or_else(|| ArchiveError::new("it has no end record"))?.saturating_add(searched);
    let mut record = Reader::new(archive.get(at..).unwrap_or_default());
    record.take(END.len());
    let (disks, here, total) = (record.u32(), record.u16(), record.u16());
    let (size, offset) = (record.u32().ok_or_else(short)?, record.u32().ok_or_else(short)?);
    let comment = record.u16().ok_or_else(short)?;
    if disks != Some(0) || here != total || record.rest().len() != usize::from(comment) {
        return Err(ArchiveError::new("its end record contradicts itself"));
    }
    let begin = usize::try_from(offset).map_err(|_| short())?;
    let end = usize::try_from(size).ok().and_then(|size| begin.checked_add(size));
    let end = end.filter(|end| *end == at);
    let end = end.ok_or_else(|| ArchiveError::new("its directory is not before its end"))?;
    let directory = archive.get(begin..end).ok_or_else(short)?;
    Ok((Reader::new(directory), usize::from(total.ok_or_else(short)?)))
}

fn central<'a>(reader: &mut Reader<'a>) -> Option<Central<'a>> {
    if reader.u32()? != CENTRAL {
        return None;
    }
    let _versions = reader.u32()?;
    let (flags, method, _time) = (reader.u16()?, reader.u16()?, reader.u32()?);
    let (crc, compressed, size) = (reader.u32()?, reader.u32()?, reader.u32()?);
    let (name, extra, comment) = (reader.u16()?, reader.u16()?, reader.u16()?);
    let (_disk, _internal, external) = (reader.u16()?, reader.u16()?, reader.u32()?);
    let offset = reader.u32()?;
    let name = reader.take(usize::from(name))?;
    reader.take(usize::from(extra))?;
    reader.take(usize::from(comment))?;
    Some(Central { flags, method, crc, compressed, size, name, external, offset })
}

fn member(archive: &[u8], central: &Central<'_>) -> Result<Member, ArchiveError> {
    let path = core::str::from_utf8(central.name)
        .map_err(|_| ArchiveError::new("a name is not UTF-8"))?
        .to_owned();
    if central.flags & ENCRYPTED != 0 {
        return Err(ArchiveError::new(format!("{path} is encrypted")));
    }
    let data = local(archive, central).ok_or_else(short)?;
    let bytes = match central.method {
        STORED if central.compressed == central.size => data.to_vec(),
        DEFLATED => inflated(data, central.size).ok_or_else(|| broken(&path))?,
        _ => return Err(ArchiveError::new(format!("{path} has an unknown compression"))),
    };
    let mut crc = Crc::new();
    crc.update(&bytes);
    if crc.sum() != central.crc {
        return Err(ArchiveError::new(format!("{path} has another checksum")));
    }
    Ok(Member { path, mode: central.external >> 16, bytes })
}

/// The compressed bytes behind the local header, which has to name the same file.
fn local<'a>(archive: &'a [u8], central: &Central<'_>) -> Option<&'a [u8]> {
    let mut reader = Reader::new(archive.get(usize::try_from(central.offset).ok()?..)?);
    if reader.u32()? != LOCAL {
        return None;
    }
    // Version, flags, method, time, date, CRC and sizes: the central directory has them.
    reader.take(22)?;
    let (name, extra) = (reader.u16()?, reader.u16()?);
    if reader.take(usize::from(name))? != central.name {
        return None;
    }
    reader.take(usize::from(extra))?;
    reader.take(usize::try_from(central.compressed).ok()?)
}

/// Exactly `size` bytes, of all that was compressed.
fn inflated(data: &[u8], size: u32) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut decoder = DeflateDecoder::new(data);
    // One byte more than there may be, to tell a file that goes on.
    decoder.by_ref().take(u64::from(size).saturating_add(1)).read_to_end(&mut out).ok()?;
    let whole = u32::try_from(out.len()).is_ok_and(|len| len == size);
    let all = usize::try_from(decoder.total_in()).is_ok_and(|read| read == data.len());
    (whole && all).then_some(out)
}

fn broken(path: &str) -> ArchiveError {
    ArchiveError::new(format!("{path} does not decompress to the size that it says"))
}

fn short() -> ArchiveError {
    ArchiveError::new("it is cut short, or contradicts itself")
}

#[cfg(test)]
mod tests;
