//! PE images: their sections, and what of them is hashed when firmware measures them.
//!
//! SPEC: PE Format, sections "Optional Header", "Section Table" and Appendix A "Calculating
//! Authenticode PE Image Hash".

use cloister_attestation::bytes::Digest48;

use super::error::MeasureError;
use super::hash::sha384;
use super::limits::IMAGE_BYTES_MAX;
use crate::pe::{self, CHECK_SUM, DIRECTORY_BYTES};

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
    header: pe::Section,
    start: usize,
    raw: &'a [u8],
}

impl<'a> Section<'a> {
    fn of(bytes: &'a [u8], header: &pe::Section) -> Result<Self, MeasureError> {
        let section = Self { header: *header, start: size(header.raw_offset)?, raw: &[] };
        let raw = match size(header.raw_size)? {
            0 => Some([].as_slice()),
            size => range(bytes, section.start, size),
        };
        let outside = || MeasureError::pe(format!("{} is outside of the file", section.shown()));
        Ok(Self { raw: raw.ok_or_else(outside)?, ..section })
    }

    /// Its name without padding.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.header.label()
    }

    /// What of the file it has in memory.
    ///
    /// # Errors
    /// [`MeasureError::Pe`] if it is larger in memory than in the file.
    pub fn data(&self) -> Result<&'a [u8], MeasureError> {
        self.raw
            .get(..size(self.header.virtual_size)?)
            .ok_or_else(|| MeasureError::pe(format!("{} is larger than in the file", self.shown())))
    }

    fn end(&self) -> usize {
        self.start.saturating_add(self.raw.len())
    }

    fn shown(&self) -> String {
        format!("section `{}`", self.name().escape_ascii())
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
        let program = pe::Pe::parse(bytes).map_err(|error| MeasureError::pe(error.0))?;
        let sections = program.sections.iter().map(|it| Section::of(bytes, it));
        let pe = Self {
            bytes,
            checksum: program.optional_offset.saturating_add(CHECK_SUM),
            certificates: certificates(bytes, &program)?,
            headers: size(program.size_of_headers)?,
            sections: sections.collect::<Result<_, _>>()?,
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
        let mut named = self.sections.iter().filter(|it| it.name() == name.as_bytes());
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

fn certificates(bytes: &[u8], program: &pe::Pe) -> Result<Option<Certificates>, MeasureError> {
    let Some(entry) = program.certificate_entry_offset else { return Ok(None) };
    let (start, len) = program.certificate_table;
    let (start, len) = (size(start)?, size(len)?);
    // SECURITY: what is not hashed has to be the certificates and nothing behind them.
    if len > 0 && start.saturating_add(len) != bytes.len() {
        return Err(MeasureError::pe("its certificates are not at its end"));
    }
    Ok(Some(Certificates { entry, bytes: len }))
}

fn range(bytes: &[u8], start: usize, size: usize) -> Option<&[u8]> {
    bytes.get(start..start.checked_add(size)?)
}

fn size(field: u32) -> Result<usize, MeasureError> {
    usize::try_from(field).map_err(|_| MeasureError::pe("an offset is out of range"))
}
