//! A disk that boots an image: a GUID partition table with one EFI system partition, on which the
//! unified kernel image lies where firmware looks for a program when nobody tells it another.

mod fat;
mod gpt;

use crate::digest::Sha256;

/// Bytes of a sector.
const SECTOR: usize = 512;

/// No disk can hold the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the image is too large for a disk that all firmware reads")]
pub struct TooLarge;

/// The disk with `image` as `EFI/BOOT/BOOTX64.EFI`.
///
/// Identifiers of disk, partition and file system follow from the image, so that the same image is
/// on the same disk.
///
/// # Errors
/// [`TooLarge`], if the image has 2 GiB or more.
pub fn disk(image: &[u8]) -> Result<Vec<u8>, TooLarge> {
    let id = *Sha256::of(image).as_bytes();
    let partition = fat::file_system(image, &id).ok_or(TooLarge)?;
    gpt::disk(&partition, &id).ok_or(TooLarge)
}
