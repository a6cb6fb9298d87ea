//! Portable Executables: the form of EFI programs, read as far as one is extended or measured.
//!
//! SPEC: Microsoft PE/COFF, revision 11; the PE32+ form only.

use cloister_attestation::bytes::Reader;

use crate::limits::PE_SECTIONS_MAX;

/// A file is no PE32+ program, or not one that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a usable PE32+ program: {0}")]
pub struct PeError(pub(crate) &'static str);

/// Length of one entry of the section table.
pub const SECTION_HEADER_BYTES: usize = 40;

/// Where `SizeOfInitializedData` is in the optional header.
pub(crate) const SIZE_OF_INITIALIZED_DATA: usize = 8;
/// Where `SizeOfImage` is in the optional header.
pub(crate) const SIZE_OF_IMAGE: usize = 56;
/// Where `CheckSum` is in the optional header.
pub const CHECK_SUM: usize = 64;
/// Where the data directories are in the optional header of PE32+.
const DATA_DIRECTORIES: usize = 112;
/// Which data directory is the certificate table.
const CERTIFICATE_TABLE: usize = 4;
/// Length of the entry of one data directory.
pub(crate) const DIRECTORY_BYTES: usize = 8;

const MZ: u16 = 0x5a4d;
const SIGNATURE: u32 = 0x4550;
const MACHINE_X86_64: u16 = 0x8664;
const PE32_PLUS: u16 = 0x20b;

/// The headers of a program, and where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pe {
    /// Where the COFF header is, behind the signature.
    pub coff_offset: usize,
    /// Where the optional header is.
    pub optional_offset: usize,
    /// Length of the optional header.
    pub optional_bytes: usize,
    /// Where the section table is.
    pub table_offset: usize,
    /// `SizeOfInitializedData`, in bytes.
    pub size_of_initialized_data: u32,
    /// `SectionAlignment`, in bytes; a power of two.
    pub section_alignment: u32,
    /// `FileAlignment`, in bytes; a power of two.
    pub file_alignment: u32,
    /// `SizeOfHeaders`: where the first section's data can begin.
    pub size_of_headers: u32,
    /// Where the entry of the certificate table is in the file, if the program has the directory.
    pub certificate_entry_offset: Option<usize>,
    /// Where the certificate table is in the file, and its length; zero if there is none.
    pub certificate_table: (u32, u32),
    /// The sections, in the order of the table.
    pub sections: Vec<Section>,
}

/// One entry of the section table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Section {
    /// `Name`, padded with NUL.
    pub name: [u8; 8],
    /// `VirtualSize`, in bytes.
    pub virtual_size: u32,
    /// `VirtualAddress`, from the image's base.
    pub virtual_address: u32,
    /// `SizeOfRawData`, in bytes.
    pub raw_size: u32,
    /// `PointerToRawData`, from the file's beginning.
    pub raw_offset: u32,
    /// `Characteristics`.
    pub characteristics: u32,
}

impl Section {
    /// The name, without padding.
    #[must_use]
    pub fn label(&self) -> &[u8] {
        self.name.split(|byte| *byte == 0).next().unwrap_or_default()
    }

    /// The data in `file` that is loaded: at most `VirtualSize` bytes.
    #[must_use]
    pub fn data<'a>(&self, file: &'a [u8]) -> Option<&'a [u8]> {
        let begin = usize::try_from(self.raw_offset).ok()?;
        let len = usize::try_from(self.raw_size.min(self.virtual_size)).ok()?;
        file.get(begin..begin.checked_add(len)?)
    }
}

impl Pe {
    /// Reads the headers, and checks that every section's data is in the file.
    ///
    /// # Errors
    /// [`PeError`] says what is wrong.
    pub fn parse(file: &[u8]) -> Result<Self, PeError> {
        let coff_offset = coff_offset(file)?;
        let mut coff = at(file, coff_offset)?;
        let (machine, count) = (coff.u16(), coff.u16());
        // TimeDateStamp, PointerToSymbolTable, NumberOfSymbols.
        let optional_bytes = coff.take(12).and_then(|_| coff.u16()).ok_or(SHORT)?;
        if machine != Some(MACHINE_X86_64) {
            return Err(PeError("it is not for x86-64"));
        }
        let optional_offset = add(coff_offset, 20)?;
        let optional_bytes = usize::from(optional_bytes);
        let table_offset = add(optional_offset, optional_bytes)?;
        let optional = file.get(optional_offset..table_offset).ok_or(SHORT)?;
        let sections = sections(file, table_offset, usize::from(count.ok_or(SHORT)?))?;
        let directory = certificate_directory(optional)?;
        let certificate_entry_offset =
            directory.map(|(offset, _)| add(optional_offset, offset)).transpose()?;
        let pe = Self {
            coff_offset,
            optional_offset,
            optional_bytes,
            table_offset,
            size_of_initialized_data: field(optional, SIZE_OF_INITIALIZED_DATA)?,
            section_alignment: field(optional, 32)?,
            file_alignment: field(optional, 36)?,
            size_of_headers: field(optional, 60)?,
            certificate_entry_offset,
            certificate_table: directory.map_or((0, 0), |(_, table)| table),
            sections,
        };
        pe.check(file)?;
        Ok(pe)
    }

    fn check(&self, file: &[u8]) -> Result<(), PeError> {
        if !self.section_alignment.is_power_of_two() || !self.file_alignment.is_power_of_two() {
            return Err(PeError("an alignment is not a power of two"));
        }
        let headers = usize::try_from(self.size_of_headers).map_err(|_| SHORT)?;
        if headers > file.len() || headers < self.table_end()? {
            return Err(PeError("the headers have another size than they say"));
        }
        if self.sections.iter().any(|section| section.data(file).is_none()) {
            return Err(PeError("the data of a section is not in the file"));
        }
        Ok(())
    }

    /// Where the section table ends.
    pub(crate) fn table_end(&self) -> Result<usize, PeError> {
        let table = self.sections.len().saturating_mul(SECTION_HEADER_BYTES);
        add(self.table_offset, table)
    }

    /// The section of this name.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.label() == name.as_bytes())
    }
}

const SHORT: PeError = PeError("it ends within its headers");

fn coff_offset(file: &[u8]) -> Result<usize, PeError> {
    if at(file, 0)?.u16() != Some(MZ) {
        return Err(PeError("it does not begin with MZ"));
    }
    let offset = at(file, 0x3c)?.u32().and_then(|offset| usize::try_from(offset).ok());
    let offset = offset.ok_or(SHORT)?;
    if at(file, offset)?.u32() != Some(SIGNATURE) {
        return Err(PeError("it has no PE signature"));
    }
    add(offset, 4)
}

fn sections(file: &[u8], offset: usize, count: usize) -> Result<Vec<Section>, PeError> {
    if count > PE_SECTIONS_MAX {
        return Err(PeError("it has too many sections"));
    }
    let mut reader = at(file, offset)?;
    (0..count).map(|_| section(&mut reader).ok_or(SHORT)).collect()
}

fn section(reader: &mut Reader<'_>) -> Option<Section> {
    let section = Section {
        name: reader.array()?,
        virtual_size: reader.u32()?,
        virtual_address: reader.u32()?,
        raw_size: reader.u32()?,
        raw_offset: reader.u32()?,
        // Relocations and line numbers, which programs do not have, lie between.
        characteristics: reader.take(12).and_then(|_| reader.u32())?,
    };
    Some(section)
}

type Directory = Option<(usize, (u32, u32))>;

/// Where the certificate directory is in the optional header, and what it says.
fn certificate_directory(optional: &[u8]) -> Result<Directory, PeError> {
    if at(optional, 0)?.u16() != Some(PE32_PLUS) {
        return Err(PeError("it is not PE32+"));
    }
    let count = field(optional, DATA_DIRECTORIES.saturating_sub(4))?;
    let count = usize::try_from(count).map_err(|_| SHORT)?;
    let entry =
        |index: usize| index.saturating_mul(DIRECTORY_BYTES).saturating_add(DATA_DIRECTORIES);
    if entry(count) > optional.len() {
        return Err(PeError("its data directories do not fit its header"));
    }
    if count <= CERTIFICATE_TABLE {
        return Ok(None);
    }
    let offset = entry(CERTIFICATE_TABLE);
    Ok(Some((offset, (field(optional, offset)?, field(optional, offset.saturating_add(4))?))))
}

fn field(optional: &[u8], offset: usize) -> Result<u32, PeError> {
    at(optional, offset)?.u32().ok_or(SHORT)
}

fn at(bytes: &[u8], offset: usize) -> Result<Reader<'_>, PeError> {
    bytes.get(offset..).map(Reader::new).ok_or(SHORT)
}

fn add(a: usize, b: usize) -> Result<usize, PeError> {
    a.checked_add(b).ok_or(SHORT)
}
