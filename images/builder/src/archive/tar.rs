//! Tar archives, as layers of container images are.
//!
//! SPEC: POSIX.1-2024 pax, "ustar Interchange Format" and "pax Header Block"; GNU's long names.

use super::ArchiveError;
use crate::limits::{FILE_BYTES_MAX, IMAGE_ENTRIES_MAX, PATH_BYTES_MAX};

/// Headers and data come in blocks of so many bytes.
const BLOCK: usize = 512;

/// One member of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member<'a> {
    /// Its path, as it is written down.
    pub path: String,
    /// Its mode, with the set-ID bits.
    pub mode: u64,
    /// What it is.
    pub kind: MemberKind<'a>,
}

/// What a member is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemberKind<'a> {
    /// A regular file with its bytes.
    File(&'a [u8]),
    /// A folder.
    Folder,
    /// A symbolic link to this target.
    Link(String),
    /// Another name for the member of this path.
    HardLink(String),
    /// A device, a pipe, or something else that an image does not have.
    Other(u8),
}

/// What precedes a member to say what does not fit into its header.
#[derive(Debug, Default)]
struct Extended {
    path: Option<String>,
    link: Option<String>,
    size: Option<u64>,
}

/// The members, one after the other. Ends after the first that does not read.
#[derive(Debug)]
pub struct Members<'a> {
    rest: &'a [u8],
    read: usize,
    over: bool,
}

/// The members of an archive.
#[must_use]
pub const fn members(archive: &[u8]) -> Members<'_> {
    Members { rest: archive, read: 0, over: false }
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<Member<'a>, ArchiveError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self.member().transpose();
        self.over = !matches!(next, Some(Ok(_)));
        next
    }
}

impl<'a> Members<'a> {
    fn member(&mut self) -> Result<Option<Member<'a>>, ArchiveError> {
        let mut extended = Extended::default();
        loop {
            let Some(header) = self.block()? else { return Ok(None) };
            self.read = self.read.saturating_add(1);
            if self.read > IMAGE_ENTRIES_MAX {
                return Err(ArchiveError::new(format!("more than {IMAGE_ENTRIES_MAX} members")));
            }
            check_sum(header)?;
            let kind = header.get(156).copied().unwrap_or_default();
            // What has no data may say that it has some.
            let has_data = !matches!(kind, b'1'..=b'6');
            let size = extended.size.map_or_else(|| number(header, 124, 12), Ok)?;
            let data = self.data(if has_data { size } else { 0 })?;
            match kind {
                b'x' => pax(data, &mut extended)?,
                // A global header has comments, and what would be in every `x` otherwise.
                b'g' => refuse_global(data)?,
                b'L' => extended.path = Some(text(until_nul(data))?),
                b'K' => extended.link = Some(text(until_nul(data))?),
                _ => return member(header, kind, data, extended).map(Some),
            }
        }
    }

    /// The next header; two blocks of zeros, or nothing more, are the end.
    fn block(&mut self) -> Result<Option<&'a [u8]>, ArchiveError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (block, rest) = self.rest.split_at_checked(BLOCK).ok_or_else(short)?;
        self.rest = rest;
        Ok(block.iter().any(|byte| *byte != 0).then_some(block))
    }

    fn data(&mut self, size: u64) -> Result<&'a [u8], ArchiveError> {
        if size > FILE_BYTES_MAX {
            return Err(ArchiveError::new("a member is too large"));
        }
        let size = usize::try_from(size).map_err(|_| short())?;
        let (data, rest) = self.rest.split_at_checked(size).ok_or_else(short)?;
        let padding = size.next_multiple_of(BLOCK).saturating_sub(size);
        self.rest = rest.get(padding..).ok_or_else(short)?;
        Ok(data)
    }
}

fn member<'a>(
    header: &[u8],
    kind: u8,
    data: &'a [u8],
    extended: Extended,
) -> Result<Member<'a>, ArchiveError> {
    let path = extended.path.map_or_else(|| header_path(header), Ok)?;
    let link = extended.link.map_or_else(|| text(field(header, 157, 100)), Ok)?;
    let kind = match kind {
        b'0' | 0 | b'7' if path.ends_with('/') => MemberKind::Folder,
        b'0' | 0 | b'7' => MemberKind::File(data),
        b'1' => MemberKind::HardLink(link),
        b'2' => MemberKind::Link(link),
        b'5' => MemberKind::Folder,
        other => MemberKind::Other(other),
    };
    Ok(Member { path, mode: number(header, 100, 8)?, kind })
}

/// The name, with the prefix that POSIX puts before it and GNU does not.
fn header_path(header: &[u8]) -> Result<String, ArchiveError> {
    let name = text(field(header, 0, 100))?;
    let prefix = if field(header, 257, 6) == b"ustar" {
        text(field(header, 345, 155))?
    } else {
        String::new()
    };
    Ok(if prefix.is_empty() { name } else { format!("{prefix}/{name}") })
}

fn field(header: &[u8], at: usize, len: usize) -> &[u8] {
    until_nul(header.get(at..at.saturating_add(len)).unwrap_or_default())
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn text(bytes: &[u8]) -> Result<String, ArchiveError> {
    if bytes.len() > PATH_BYTES_MAX {
        return Err(ArchiveError::new("a path is too long"));
    }
    let text = core::str::from_utf8(bytes).map_err(|_| ArchiveError::new("a path is not UTF-8"))?;
    Ok(text.to_owned())
}

/// Octal digits, or with the highest bit set, bytes.
fn number(header: &[u8], at: usize, len: usize) -> Result<u64, ArchiveError> {
    let bytes = header.get(at..at.saturating_add(len)).unwrap_or_default();
    let broken = || ArchiveError::new("a number does not read");
    if let [0x80, bytes @ ..] = bytes {
        let add = |all: u64, byte: &u8| all.checked_mul(256)?.checked_add(u64::from(*byte));
        return bytes.iter().try_fold(0_u64, add).ok_or_else(broken);
    }
    let digits = core::str::from_utf8(until_nul(bytes)).map_err(|_| broken())?.trim_matches(' ');
    if digits.is_empty() {
        return Ok(0);
    }
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(broken());
    }
    u64::from_str_radix(digits, 8).map_err(|_| broken())
}

/// The sum of all bytes of the header, its own eight counted as spaces.
fn check_sum(header: &[u8]) -> Result<(), ArchiveError> {
    let own = 148..156;
    let bytes = header.iter().enumerate();
    let counted = bytes.map(|(at, byte)| if own.contains(&at) { 0x20 } else { u64::from(*byte) });
    if counted.sum::<u64>() == number(header, 148, 8)? {
        return Ok(());
    }
    Err(ArchiveError::new("a header has another checksum"))
}

/// `LENGTH KEY=VALUE\n`, over and over.
fn pax(mut data: &[u8], extended: &mut Extended) -> Result<(), ArchiveError> {
    while !data.is_empty() {
        let (key, value, rest) =
            record(data).ok_or_else(|| ArchiveError::new("a pax record does not read"))?;
        match key {
            b"path" => extended.path = Some(text(value)?),
            b"linkpath" => extended.link = Some(text(value)?),
            b"size" => {
                let size = text(value)?.parse().ok();
                extended.size =
                    Some(size.ok_or_else(|| ArchiveError::new("a size does not read"))?);
            }
            sparse if sparse.starts_with(b"GNU.sparse") => {
                return Err(ArchiveError::new("a file is sparse"));
            }
            // Times, owners and attributes: an image has none.
            _ => {}
        }
        data = rest;
    }
    Ok(())
}

fn refuse_global(data: &[u8]) -> Result<(), ArchiveError> {
    let mut extended = Extended::default();
    pax(data, &mut extended)?;
    match extended {
        Extended { path: None, link: None, size: None } => Ok(()),
        _ => Err(ArchiveError::new("a global header names a file")),
    }
}

type Record<'a> = (&'a [u8], &'a [u8], &'a [u8]);

fn record(data: &[u8]) -> Option<Record<'_>> {
    let space = data.iter().position(|byte| *byte == b' ')?;
    let len: usize = core::str::from_utf8(data.get(..space)?).ok()?.parse().ok()?;
    let (record, rest) = data.split_at_checked(len)?;
    let pair = record.get(space.checked_add(1)?..)?.strip_suffix(b"\n")?;
    let equals = pair.iter().position(|byte| *byte == b'=')?;
    let (key, value) = pair.split_at_checked(equals)?;
    Some((key, value.get(1..)?, rest))
}

fn short() -> ArchiveError {
    ArchiveError::new("it is cut short")
}

#[cfg(test)]
pub(crate) mod tests;
