//! `UEFI_IMAGE_LOAD_EVENT`: where a PE image was loaded from.

use crate::bytes::Reader;
use crate::event_log::payload::variable::utf16;

/// What an image load event says about the image. The image itself is what was measured: none of
/// this is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::event_log) struct Image {
    /// The file path in the device path, where there is one.
    pub(in crate::event_log) path: Option<String>,
    /// The image came from the VMM, as a kernel to boot directly.
    pub(in crate::event_log) is_direct_kernel: bool,
}

// SPEC: UEFI 2.10, section 10.3.5: media device paths.
const MEDIA: u8 = 4;
const VENDOR: u8 = 3;
const FILE_PATH: u8 = 4;

/// 1428f772-b64a-441e-b8c3-9ebdd7f893c7, the volume in which OVMF shows the VMM's kernel.
// SPEC: EDK2 OvmfPkg, gQemuKernelLoaderFsMediaGuid.
const DIRECT_KERNEL: [u8; 16] = [
    0x72, 0xf7, 0x28, 0x14, 0x4a, 0xb6, 0x1e, 0x44, 0xb8, 0xc3, 0x9e, 0xbd, 0xd7, 0xf8, 0x93, 0xc7,
];

/// Three addresses and lengths before `LengthOfDevicePath`.
const FIXED_LEN: usize = 24;

impl Image {
    /// Reads the payload as far as it makes sense.
    // SPEC: TCG PC Client Platform Firmware Profile 1.06, section 10.2.3, UEFI_IMAGE_LOAD_EVENT.
    pub(in crate::event_log) fn read(payload: &[u8]) -> Self {
        let mut image = Self::default();
        let mut reader = Reader::new(payload);
        let path_len = reader.take(FIXED_LEN).and_then(|_| reader.u64());
        let path = path_len.and_then(|len| reader.take(usize::try_from(len).ok()?));
        let mut nodes = Reader::new(path.unwrap_or_default());
        while let Some((kind, subtype, body)) = node(&mut nodes) {
            match (kind, subtype) {
                (MEDIA, VENDOR) => image.is_direct_kernel = body == DIRECT_KERNEL,
                (MEDIA, FILE_PATH) => image.path = Some(utf16(body)),
                _ => {}
            }
        }
        image
    }
}

fn node<'a>(reader: &mut Reader<'a>) -> Option<(u8, u8, &'a [u8])> {
    let (kind, subtype) = (reader.u8()?, reader.u8()?);
    let len = usize::from(reader.u16()?).checked_sub(4)?;
    Some((kind, subtype, reader.take(len)?))
}
