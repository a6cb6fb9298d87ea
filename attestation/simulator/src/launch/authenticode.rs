//! The digest of a PE image by which firmware measures what it starts.

use aws_lc_rs::digest::{Context, SHA384};
use cloister_attestation::bytes::Digest48;

use super::Unlaunchable;

const NO_IMAGE: Unlaunchable = Unlaunchable("the kernel is no EFI program");

/// Authenticode digest, SHA-384: everything but the checksum, and the signatures and where they are.
///
/// # Errors
/// [`Unlaunchable`] for what is no PE32+ image.
// SPEC: Microsoft, Windows Authenticode Portable Executable Signature Format, "Calculating the PE
// Image Hash".
pub fn authenticode(image: &[u8]) -> Result<Digest48, Unlaunchable> {
    let header = number(image, 0x3c)?;
    if image.get(header..header + 4) != Some(b"PE\0\0") || half(image, header + 24)? != 0x20b {
        return Err(NO_IMAGE);
    }
    let (checksum, directory) = (header + 24 + 64, header + 24 + 144);
    let (signatures, headers) = (number(image, directory + 4)?, number(image, header + 24 + 60)?);
    let mut hash = Context::new(&SHA384);
    let mut take =
        |from: usize, to: usize| image.get(from..to).map(|part| hash.update(part)).ok_or(NO_IMAGE);
    take(0, checksum)?;
    take(checksum + 4, directory)?;
    take(directory + 8, headers)?;
    let mut hashed = headers;
    for (start, size) in sections(image, header)? {
        take(start, start.checked_add(size).ok_or(NO_IMAGE)?)?;
        hashed += size;
    }
    // What follows the sections, without the signatures at the very end.
    let end = image.len().checked_sub(signatures).ok_or(NO_IMAGE)?;
    if hashed < end {
        take(hashed, end)?;
    }
    let digest = hash.finish();
    Ok(Digest48::new(digest.as_ref().try_into().expect("SHA-384 has 48 bytes")))
}

/// Where the sections lie in the file, in the order in which they do.
fn sections(image: &[u8], header: usize) -> Result<Vec<(usize, usize)>, Unlaunchable> {
    let table = header + 24 + half(image, header + 20)?;
    let mut sections = Vec::new();
    for section in 0..half(image, header + 6)? {
        let entry = table + section * 40;
        let (size, start) = (number(image, entry + 16)?, number(image, entry + 20)?);
        if size > 0 {
            sections.push((start, size));
        }
    }
    sections.sort_unstable();
    Ok(sections)
}

fn number(image: &[u8], at: usize) -> Result<usize, Unlaunchable> {
    let bytes = image.get(at..).and_then(<[u8]>::first_chunk::<4>).ok_or(NO_IMAGE)?;
    usize::try_from(u32::from_le_bytes(*bytes)).map_err(|_| NO_IMAGE)
}

fn half(image: &[u8], at: usize) -> Result<usize, Unlaunchable> {
    let bytes = image.get(at..).and_then(<[u8]>::first_chunk::<2>).ok_or(NO_IMAGE)?;
    Ok(usize::from(u16::from_le_bytes(*bytes)))
}
