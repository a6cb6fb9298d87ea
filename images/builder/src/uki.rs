//! Unified kernel images: an EFI program that carries kernel, initrd and command line as sections.
//!
//! SPEC: UAPI.5 Unified Kernel Image. There is no `.osrel` on purpose: the stub would make an
//! archive of it and append that to the initrd, and PCR 9 with it.

use crate::pe::{
    CHECK_SUM, Pe, PeError, SECTION_HEADER_BYTES, SIZE_OF_IMAGE, SIZE_OF_INITIALIZED_DATA,
};

/// `IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ`.
const DATA: u32 = 0x4000_0040;
/// `IMAGE_SCN_CNT_CODE | IMAGE_SCN_MEM_READ`: the stub reads it, and starts a copy.
const CODE: u32 = 0x4000_0020;
const LINUX: [u8; 8] = *b".linux\0\0";

/// What a unified kernel image is made of.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The EFI program that starts the kernel.
    pub stub: &'a [u8],
    /// The kernel's command line.
    pub cmdline: &'a str,
    /// The kernel's release, as `uname -r` prints it.
    pub uname: &'a str,
    /// The initial RAM file system.
    pub initrd: &'a [u8],
    /// The kernel: a bzImage that is itself an EFI program.
    pub kernel: &'a [u8],
}

/// One section to be appended.
struct Appended<'a> {
    name: [u8; 8],
    data: &'a [u8],
    virtual_address: u32,
    virtual_size: u32,
    raw_offset: u32,
    raw_size: u32,
}

/// The image. `CheckSum` is zero, which firmware does not look at, and which leaves one way only to
/// write the same image.
///
/// # Errors
/// [`PeError`], if stub or kernel are no EFI programs, or the stub has no room for more sections.
pub fn unify(parts: &Parts<'_>) -> Result<Vec<u8>, PeError> {
    let pe = Pe::parse(parts.stub)?;
    // A stub that starts something else than an EFI program would not be measured as one.
    Pe::parse(parts.kernel)?;
    if pe.certificate_table != (0, 0) {
        return Err(PeError("the stub is signed, and would not be any more"));
    }
    // The kernel comes last: it may use memory behind its end before it has moved.
    let sections = [
        (*b".cmdline", parts.cmdline.as_bytes()),
        (*b".uname\0\0", parts.uname.as_bytes()),
        (*b".initrd\0", parts.initrd),
        (LINUX, parts.kernel),
    ];
    let appended = place(&pe, parts.stub, &sections)?;
    write(&pe, parts.stub, &appended)
}

fn place<'a>(
    pe: &Pe,
    stub: &[u8],
    sections: &[([u8; 8], &'a [u8])],
) -> Result<Vec<Appended<'a>>, PeError> {
    let last = pe.sections.iter().map(|s| s.virtual_address.checked_add(s.virtual_size));
    let end = last.max().flatten().ok_or(PeError("it has no sections"))?;
    let mut virtual_address = aligned(end, pe.section_alignment)?;
    let mut raw_offset = aligned(size(stub.len())?, pe.file_alignment)?;
    let mut appended = Vec::new();
    for (name, data) in sections {
        let virtual_size = size(data.len())?;
        let raw_size = aligned(virtual_size, pe.file_alignment)?;
        appended.push(Appended {
            name: *name,
            data,
            virtual_address,
            virtual_size,
            raw_offset,
            raw_size,
        });
        virtual_address = aligned(sum(virtual_address, virtual_size)?, pe.section_alignment)?;
        raw_offset = sum(raw_offset, raw_size)?;
    }
    Ok(appended)
}

fn write(pe: &Pe, stub: &[u8], appended: &[Appended<'_>]) -> Result<Vec<u8>, PeError> {
    let last = appended.last().ok_or(PeError("there is nothing to append"))?;
    let len = usize::try_from(sum(last.raw_offset, last.raw_size)?).map_err(|_| LARGE)?;
    let mut out = Vec::with_capacity(len);
    out.extend_from_slice(stub);
    let end = pe.table_end()?;
    let table: Vec<u8> = appended.iter().flat_map(header).collect();
    let first = pe.sections.iter().filter(|s| s.raw_size > 0).map(|s| s.raw_offset).min();
    let room = first.map_or(pe.size_of_headers, |offset| offset.min(pe.size_of_headers));
    let table_end = end.saturating_add(table.len());
    if table_end > usize::try_from(room).map_err(|_| LARGE)? {
        return Err(PeError("its headers have no room for more sections"));
    }
    let count = pe.sections.len().saturating_add(appended.len());
    let count = u16::try_from(count).map_err(|_| LARGE)?;
    put(&mut out, pe.coff_offset.saturating_add(2), &count.to_le_bytes())?;
    put(&mut out, end, &table)?;
    let optional = |offset: usize| pe.optional_offset.saturating_add(offset);
    let data = appended
        .iter()
        .try_fold(pe.size_of_initialized_data, |all, section| sum(all, section.raw_size))?;
    put(&mut out, optional(SIZE_OF_INITIALIZED_DATA), &data.to_le_bytes())?;
    let image = aligned(sum(last.virtual_address, last.virtual_size)?, pe.section_alignment)?;
    put(&mut out, optional(SIZE_OF_IMAGE), &image.to_le_bytes())?;
    put(&mut out, optional(CHECK_SUM), &[0; 4])?;
    for section in appended {
        out.resize(usize::try_from(section.raw_offset).map_err(|_| LARGE)?, 0);
        out.extend_from_slice(section.data);
    }
    out.resize(len, 0);
    Ok(out)
}

fn header(section: &Appended<'_>) -> [u8; SECTION_HEADER_BYTES] {
    let fields = [
        section.virtual_size,
        section.virtual_address,
        section.raw_size,
        section.raw_offset,
        0,
        0,
        0,
        if section.name == LINUX { CODE } else { DATA },
    ];
    let bytes = section.name.into_iter().chain(fields.into_iter().flat_map(u32::to_le_bytes));
    let mut header = [0; SECTION_HEADER_BYTES];
    header.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    header
}

const LARGE: PeError = PeError("the image becomes larger than a PE program can be");

fn put(out: &mut [u8], offset: usize, bytes: &[u8]) -> Result<(), PeError> {
    let place = out.get_mut(offset..offset.saturating_add(bytes.len())).ok_or(LARGE)?;
    place.copy_from_slice(bytes);
    Ok(())
}

fn size(len: usize) -> Result<u32, PeError> {
    u32::try_from(len).map_err(|_| LARGE)
}

fn sum(a: u32, b: u32) -> Result<u32, PeError> {
    a.checked_add(b).ok_or(LARGE)
}

fn aligned(value: u32, alignment: u32) -> Result<u32, PeError> {
    value.checked_next_multiple_of(alignment).ok_or(LARGE)
}

#[cfg(test)]
mod tests;
