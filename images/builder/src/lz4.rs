//! LZ4 as kernels unpack it: the legacy frame.
//!
//! Nothing else that kernels read is unpacked as fast, and a guest is waited for.
//!
//! SPEC: LZ4 Frame Format, "Legacy frame"; Linux, `lib/decompress_unlz4.c`.

use lz4_flex::block;

use crate::progress::Progress;

const MAGIC: [u8; 4] = 0x184c_2102_u32.to_le_bytes();

/// What each block holds before it is compressed; the last holds less.
const BLOCK: usize = 8 * 1024 * 1024;

/// What is compressed is no legacy frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not in LZ4's legacy frame, or cut short")]
pub struct Lz4Error;

/// The frame of `bytes`; tells `progress` how much of them is done.
#[must_use]
pub fn compress(bytes: &[u8], progress: &dyn Progress) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 2);
    out.extend(MAGIC);
    for piece in bytes.chunks(BLOCK) {
        let block = block::compress(piece);
        // A block of so many bytes grows by less than one in two hundred.
        out.extend(u32::try_from(block.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend(block);
        progress.advance(u64::try_from(piece.len()).unwrap_or(0));
    }
    out
}

/// What [`compress`] was given.
///
/// # Errors
/// [`Lz4Error`].
pub fn decompress(frame: &[u8]) -> Result<Vec<u8>, Lz4Error> {
    let mut rest = frame.strip_prefix(&MAGIC).ok_or(Lz4Error)?;
    let mut out = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| Lz4Error)?;
        let (block, after) = after.split_at_checked(length).ok_or(Lz4Error)?;
        out.extend(block::decompress(block, BLOCK).map_err(|_| Lz4Error)?);
        rest = after;
    }
    if rest.is_empty() { Ok(out) } else { Err(Lz4Error) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BLOCK, Lz4Error, MAGIC, compress, decompress};
    use crate::progress::Silent;

    #[test]
    fn what_is_larger_than_a_block_has_several() {
        let bytes: Vec<u8> = (0..BLOCK + 1000).map(|at| at.to_le_bytes()[at % 3]).collect();
        let frame = compress(&bytes, &Silent);
        assert_eq!(frame[..4], [0x02, 0x21, 0x4c, 0x18]);
        let first = u32::from_le_bytes(frame[4..8].try_into().unwrap());
        let second = 8 + usize::try_from(first).unwrap();
        let last = u32::from_le_bytes(frame[second..second + 4].try_into().unwrap());
        assert_eq!(frame.len(), second + 4 + usize::try_from(last).unwrap());
        assert!(decompress(&frame).unwrap() == bytes);
    }

    /// A test of the machines changes the last byte and expects the archive to say the same.
    #[test]
    fn the_last_bytes_stay_as_they_are() {
        let frame = compress(&[b'x'; 4096], &Silent);
        assert!(frame.ends_with(b"xxxxx"));
    }

    #[test]
    fn what_is_cut_short_or_of_another_form_is_refused() {
        let frame = compress(b"some bytes, some bytes, some bytes", &Silent);
        for len in [0, 3, 5, frame.len() - 1] {
            assert_eq!(decompress(&frame[..len]), Err(Lz4Error), "{len}");
        }
        assert_eq!(decompress(&[0x1f, 0x8b, 8, 0]), Err(Lz4Error));
        assert_eq!(decompress(&MAGIC), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn what_was_compressed_comes_back(bytes in prop::collection::vec(0_u8..4, 0..5000)) {
            prop_assert_eq!(decompress(&compress(&bytes, &Silent)).unwrap(), bytes);
        }
    }
}
