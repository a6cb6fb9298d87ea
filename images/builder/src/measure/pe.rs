//! PE images: their sections, and what of them is hashed when firmware measures them.
//!
//! SPEC: PE Format, sections "Optional Header", "Section Table" and Appendix A "Calculating
//! Authenticode PE Image Hash".

use cloister_attestation::bytes::{Digest48, Reader};

use super::error::MeasureError;
use super::hash::sha384;
use super::limits::{IMAGE_BYTES_MAX, PE_SECTIONS_MAX};

const LFANEW: usize = 0x3c;
const SIGNATURE: &[u8] = b"PE\0\0";
const X86_64: u16 = 0x8664;
const PE32_PLUS: u16 = 0x020b;
const COFF_BYTES: usize = 24;
/// From the start of the optional header.
const CHECKSUM: usize = 64;
const DIRECTORY_COUNT: usize = 108;
const DIRECTORIES: usize = 112;
/// `IMAGE_DIRECTORY_ENTRY_SECURITY`.
const CERTIFICATES: u32 = 4;
const DIRECTORY_BYTES: usize = 8;
const SECTION_BYTES: usize = 40;

/// A PE32+ image for x86-64: a UKI, or a kernel with an EFI stub.
#[derive(Clone, Debug)]
pub struct Pe<'a> {
    bytes: &'a [u8],
    checksum: usize,
    certificates: Option<Certificates>,
    headers: usize,
    sections: Vec<Section<'a>>,
}

/// Where the entry of the certificate table stands, and how many bytes it names at the end.
#[derive(Clone, Copy, Debug)]
struct Certificates {
    entry: usize,
    bytes: usize,
}

/// One section of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section<'a> {
    name: &'a [u8],
    memory_bytes: usize,
    start: usize,
    raw: &'a [u8],
}

impl<'a> Section<'a> {
    /// Its name without padding.
    #[must_use]
    pub const fn name(&self) -> &'a [u8] {
        self.name
    }

    /// What of the file it has in memory.
    ///
    /// # Errors
    /// [`MeasureError::Pe`] if it is larger in memory than in the file.
    pub fn data(&self) -> Result<&'a [u8], MeasureError> {
        self.raw
            .get(..self.memory_bytes)
            .ok_or_else(|| MeasureError::pe(format!("{} is larger than in the file", self.shown())))
    }

    fn end(&self) -> usize {
        self.start.saturating_add(self.raw.len())
    }

    fn shown(&self) -> String {
        format!("section `{}`", self.name.escape_ascii())
    }
}

impl<'a> Pe<'a> {
    /// Reads an image.
    ///
    /// # Errors
    /// [`MeasureError::Pe`] for everything that firmware would not start or hash.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, MeasureError> {
        if bytes.len() > IMAGE_BYTES_MAX {
            return Err(MeasureError::pe("it is larger than 512 MiB"));
        }
        let coff = coff(bytes)?;
        let optional = coff.optional;
        let headers = field(bytes, optional, 60)?;
        let certificates = certificates(bytes, optional, coff.optional_bytes)?;
        let table = optional.saturating_add(coff.optional_bytes);
        let sections = sections(bytes, table, coff.sections)?;
        let table_end =
            table.saturating_add(usize::from(coff.sections).saturating_mul(SECTION_BYTES));
        if headers < table_end || headers > bytes.len() {
            return Err(MeasureError::pe("its headers do not hold the section table"));
        }
        let pe = Self {
            bytes,
            checksum: optional.saturating_add(CHECKSUM),
            certificates,
            headers,
            sections,
        };
        pe.is_laid_out().then_some(pe).ok_or_else(|| {
            MeasureError::pe("sections lie over one another, over the headers or the certificates")
        })
    }

    /// All sections, in the order of the table.
    #[must_use]
    pub fn sections(&self) -> &[Section<'a>] {
        &self.sections
    }

    /// The data of the section `name`; `None` if there is none.
    ///
    /// # Errors
    /// [`MeasureError::Pe`] if there are several, or one that is larger in memory than in the file.
    pub fn section(&self, name: &str) -> Result<Option<&'a [u8]>, MeasureError> {
        let mut named = self.sections.iter().filter(|it| it.name == name.as_bytes());
        match (named.next(), named.next()) {
            (None, _) => Ok(None),
            (Some(section), None) => section.data().map(Some),
            (Some(section), Some(_)) => {
                Err(MeasureError::pe(format!("it has more than one {}", section.shown())))
            }
        }
    }

    /// What is hashed of it, in order: all but the checksum and what a signature adds.
    #[must_use]
    pub fn authenticode(&self) -> Vec<&'a [u8]> {
        let after_checksum = self.checksum.saturating_add(4);
        let mut parts = vec![self.part(0, self.checksum)];
        match self.certificates {
            Some(Certificates { entry, .. }) => {
                parts.push(self.part(after_checksum, entry));
                parts.push(self.part(entry.saturating_add(DIRECTORY_BYTES), self.headers));
            }
            None => parts.push(self.part(after_checksum, self.headers)),
        }
        let sections = self.in_file();
        parts.extend(sections.iter().map(|section| section.raw));
        parts.push(self.part(self.hashed(), self.certificates_start()));
        parts
    }

    /// The Authenticode digest, as a TD's log has it.
    #[must_use]
    pub fn authenticode_sha384(&self) -> Digest48 {
        sha384(self.authenticode())
    }

    /// The sections that have bytes in the file, in its order.
    fn in_file(&self) -> Vec<&Section<'a>> {
        let mut sections: Vec<_> = self.sections.iter().filter(|it| !it.raw.is_empty()).collect();
        sections.sort_by_key(|section| section.start);
        sections
    }

    /// Headers and sections together: what follows in the file is hashed from there on.
    fn hashed(&self) -> usize {
        let raw = self.sections.iter().map(|section| section.raw.len());
        raw.fold(self.headers, usize::saturating_add)
    }

    fn certificates_start(&self) -> usize {
        let bytes = self.certificates.map_or(0, |it| it.bytes);
        self.bytes.len().saturating_sub(bytes)
    }

    fn is_laid_out(&self) -> bool {
        let mut end = self.headers;
        let ascending = self.in_file().iter().all(|section| {
            let starts_after = section.start >= end;
            end = section.end();
            starts_after
        });
        ascending && end <= self.certificates_start() && self.hashed() <= self.certificates_start()
    }

    fn part(&self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }
}

struct Coff {
    sections: u16,
    optional: usize,
    optional_bytes: usize,
}

fn coff(bytes: &[u8]) -> Result<Coff, MeasureError> {
    let not_pe = || MeasureError::pe("it is not a PE32+ image for x86-64");
    if !bytes.starts_with(b"MZ") {
        return Err(not_pe());
    }
    let start = field(bytes, 0, LFANEW)?;
    let mut reader = Reader::new(bytes.get(start..).ok_or_else(not_pe)?);
    let signature = reader.take(SIGNATURE.len());
    let machine = reader.u16();
    let sections = reader.u16().ok_or_else(not_pe)?;
    reader.take(12).ok_or_else(not_pe)?;
    let optional_bytes = reader.u16().map(usize::from).ok_or_else(not_pe)?;
    reader.u16().ok_or_else(not_pe)?;
    let magic = reader.u16();
    if (signature, machine, magic) != (Some(SIGNATURE), Some(X86_64), Some(PE32_PLUS)) {
        return Err(not_pe());
    }
    if sections > PE_SECTIONS_MAX {
        return Err(MeasureError::pe(format!("it has {sections} sections, at most 96 are read")));
    }
    Ok(Coff { sections, optional: start.saturating_add(COFF_BYTES), optional_bytes })
}

fn certificates(
    bytes: &[u8],
    optional: usize,
    optional_bytes: usize,
) -> Result<Option<Certificates>, MeasureError> {
    let count = u32_at(bytes, optional, DIRECTORY_COUNT)?;
    let table_end = usize::try_from(count)
        .unwrap_or(usize::MAX)
        .saturating_mul(DIRECTORY_BYTES)
        .saturating_add(DIRECTORIES);
    if table_end > optional_bytes {
        return Err(MeasureError::pe("its data directories do not fit its header"));
    }
    if count <= CERTIFICATES {
        return Ok(None);
    }
    // The entry of index 4.
    let offset = DIRECTORIES + 4 * DIRECTORY_BYTES;
    let (start, size) = (field(bytes, optional, offset)?, field(bytes, optional, offset + 4)?);
    // SECURITY: what is not hashed has to be the certificates and nothing behind them.
    if size > 0 && start.saturating_add(size) != bytes.len() {
        return Err(MeasureError::pe("its certificates are not at its end"));
    }
    Ok(Some(Certificates { entry: optional.saturating_add(offset), bytes: size }))
}

fn sections(bytes: &[u8], table: usize, count: u16) -> Result<Vec<Section<'_>>, MeasureError> {
    let rest = bytes.get(table..).unwrap_or_default();
    let mut reader = Reader::new(rest);
    (0..count)
        .map(|_| {
            let entry = reader.take(SECTION_BYTES);
            section(bytes, entry.ok_or_else(|| MeasureError::pe("its section table is cut"))?)
        })
        .collect()
}

fn section<'a>(bytes: &'a [u8], entry: &'a [u8]) -> Result<Section<'a>, MeasureError> {
    let name = entry.get(..8).unwrap_or_default();
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let (size, start) = (field(entry, 0, 16)?, field(entry, 0, 20)?);
    let raw = if size == 0 { Some([].as_slice()) } else { range(bytes, start, size) };
    let section = Section { name, memory_bytes: field(entry, 0, 8)?, start, raw: &[] };
    let raw =
        raw.ok_or_else(|| MeasureError::pe(format!("{} is outside of the file", section.shown())))?;
    Ok(Section { raw, ..section })
}

fn range(bytes: &[u8], start: usize, size: usize) -> Option<&[u8]> {
    bytes.get(start..start.checked_add(size)?)
}

fn u32_at(bytes: &[u8], start: usize, offset: usize) -> Result<u32, MeasureError> {
    let field = bytes.get(start.saturating_add(offset)..);
    let value = field.and_then(|rest| Reader::new(rest).u32());
    value.ok_or_else(|| MeasureError::pe("its headers are cut"))
}

fn field(bytes: &[u8], start: usize, offset: usize) -> Result<usize, MeasureError> {
    let value = u32_at(bytes, start, offset)?;
    usize::try_from(value).map_err(|_| MeasureError::pe("an offset is out of range"))
}
