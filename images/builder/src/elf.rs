//! ELF files, as far as the build has to know what one is.
//!
//! SPEC: System V ABI, edition 4.1, chapters 4 and 5; the 64-bit little-endian form for x86-64 only.

use cloister_attestation::bytes::Reader;

/// A file is no ELF file, or not one that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a usable ELF file: {0}")]
pub struct ElfError(&'static str);

const SHORT: ElfError = ElfError("it ends within its headers");
/// Magic, 64 bits, little-endian, version 1.
const IDENT: &[u8] = b"\x7fELF\x02\x01\x01";
const MACHINE_X86_64: u16 = 62;
/// The program header that names the program's interpreter: the dynamic linker.
const PT_INTERP: u32 = 3;

/// Where the tables of an ELF file are.
#[derive(Clone, Copy, Debug)]
pub struct Elf<'a> {
    file: &'a [u8],
    programs: Table,
    sections: Table,
    names: u16,
}

#[derive(Clone, Copy, Debug)]
struct Table {
    offset: u64,
    entry_bytes: u16,
    count: u16,
}

#[derive(Clone, Copy, Debug)]
struct Section<'a> {
    name: u32,
    data: &'a [u8],
}

impl<'a> Elf<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`ElfError`] says what is wrong.
    pub fn parse(file: &'a [u8]) -> Result<Self, ElfError> {
        if !file.starts_with(IDENT) {
            return Err(ElfError("it is not a 64-bit ELF file"));
        }
        let mut reader = Reader::new(file);
        let machine = reader.take(16).and_then(|_| reader.u16()).and_then(|_| reader.u16());
        if machine.ok_or(SHORT)? != MACHINE_X86_64 {
            return Err(ElfError("it is not for x86-64"));
        }
        Self::tables(file, reader).ok_or(SHORT)
    }

    fn tables(file: &'a [u8], mut reader: Reader<'a>) -> Option<Self> {
        let (_version, _entry) = (reader.u32()?, reader.u64()?);
        let (programs, sections) = (reader.u64()?, reader.u64()?);
        let (_flags, _header_bytes) = (reader.u32()?, reader.u16()?);
        let programs = Table { offset: programs, entry_bytes: reader.u16()?, count: reader.u16()? };
        let sections = Table { offset: sections, entry_bytes: reader.u16()?, count: reader.u16()? };
        Some(Self { file, programs, sections, names: reader.u16()? })
    }

    /// Whether the kernel starts it without a dynamic linker.
    ///
    /// # Errors
    /// [`ElfError`], if the program headers are not in the file.
    pub fn is_static(&self) -> Result<bool, ElfError> {
        for index in 0..self.programs.count {
            let kind = self.programs.entry(self.file, index).and_then(|mut entry| entry.u32());
            if kind.ok_or(SHORT)? == PT_INTERP {
                return Ok(false);
            }
        }
        Ok(self.programs.count > 0)
    }

    /// The data of the section of this name.
    ///
    /// # Errors
    /// [`ElfError`], if the section table is not in the file.
    pub fn section(&self, name: &str) -> Result<Option<&'a [u8]>, ElfError> {
        let names = self.section_at(self.names).ok_or(SHORT)?.data;
        for index in 0..self.sections.count {
            // Sections without data in the file, such as `.bss`, have no name that is asked for.
            let Some(section) = self.section_at(index) else { continue };
            if name_at(names, section.name) == Some(name.as_bytes()) {
                return Ok(Some(section.data));
            }
        }
        Ok(None)
    }

    fn section_at(&self, index: u16) -> Option<Section<'a>> {
        let mut entry = self.sections.entry(self.file, index)?;
        let (name, _kind, _flags, _address) =
            (entry.u32()?, entry.u32()?, entry.u64()?, entry.u64()?);
        let offset = usize::try_from(entry.u64()?).ok()?;
        let len = usize::try_from(entry.u64()?).ok()?;
        let data = self.file.get(offset..offset.checked_add(len)?)?;
        Some(Section { name, data })
    }
}

impl Table {
    fn entry<'a>(&self, file: &'a [u8], index: u16) -> Option<Reader<'a>> {
        let skip = u64::from(self.entry_bytes).checked_mul(u64::from(index))?;
        let offset = usize::try_from(self.offset.checked_add(skip)?).ok()?;
        let end = offset.checked_add(usize::from(self.entry_bytes))?;
        file.get(offset..end).map(Reader::new)
    }
}

fn name_at(names: &[u8], offset: u32) -> Option<&[u8]> {
    names.get(usize::try_from(offset).ok()?..)?.split(|byte| *byte == 0).next()
}

#[cfg(test)]
mod tests {
    use super::Elf;

    #[test]
    fn a_dynamic_program_is_not_taken_for_a_static_one() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(!Elf::parse(&own).unwrap().is_static().unwrap());
        assert!(Elf::parse(&own).unwrap().section(".interp").unwrap().is_some());
        assert!(Elf::parse(&own).unwrap().section(".nonsense").unwrap().is_none());
    }

    #[test]
    fn what_is_cut_short_is_refused() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for len in 0..64 {
            assert!(Elf::parse(&own[..len]).is_err(), "{len}");
        }
        assert!(Elf::parse(&own[..64]).unwrap().is_static().is_err());
    }
}
