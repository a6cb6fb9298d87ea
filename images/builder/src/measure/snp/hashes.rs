//! The table that names what a firmware boots, by hash.
//!
//! SPEC: QEMU, target/i386/sev.c, `SevHashTable`; OVMF,
//! OvmfPkg/AmdSev/BlobVerifierLibSevHashes.

use crate::measure::error::MeasureError;
use crate::measure::firmware::{Guid, PAGE_BYTES};
use crate::measure::hash::sha256;
use crate::measure::limits::COMMAND_LINE_BYTES_MAX;

const TABLE: Guid = Guid::new(0x9438_d606, 0x4f22, 0x4cc9, 0xb479_a793_d411_fd21);
const COMMAND_LINE: Guid = Guid::new(0x97d0_2dd8, 0xbd20, 0x4c94, 0xaa78_e771_4d36_ab2a);
const INITRD: Guid = Guid::new(0x44ba_f731, 0x3a2f, 0x4bd7, 0x9af1_41e2_9169_781d);
const KERNEL: Guid = Guid::new(0x4de7_9437, 0xabd2, 0x427f, 0xb835_d5b1_72d2_045b);
/// A GUID, a length and a hash.
const ENTRY_BYTES: u16 = 50;
/// A GUID, a length and three entries, without padding.
const TABLE_BYTES: u16 = 168;
/// The table is padded to 16 bytes.
const PADDED_BYTES: usize = 176;

/// SHA-256 of kernel, initrd and command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelHashes {
    kernel: [u8; 32],
    initrd: [u8; 32],
    command_line: [u8; 32],
}

impl KernelHashes {
    /// Hashes what is handed over: the kernel as in its file, the command line with the NUL that
    /// QEMU adds.
    ///
    /// # Errors
    /// [`MeasureError::Input`] for a command line with a NUL, or longer than a kernel takes.
    pub fn new(kernel: &[u8], initrd: &[u8], command_line: &str) -> Result<Self, MeasureError> {
        if command_line.contains('\0') || command_line.len() > COMMAND_LINE_BYTES_MAX {
            return Err(MeasureError::input(
                "command line",
                "it has a NUL, or is longer than 2047 bytes",
            ));
        }
        Ok(Self {
            kernel: sha256([kernel]),
            initrd: sha256([initrd]),
            command_line: sha256([command_line.as_bytes(), b"\0"]),
        })
    }

    /// The page that holds the table; `None` if the table does not fit behind `address` in it.
    pub(super) fn page(&self, address: u32) -> Option<[u8; PAGE_BYTES]> {
        let offset = usize::try_from(address).ok()? % PAGE_BYTES;
        let table = self.table();
        let mut page = [0; PAGE_BYTES];
        page.get_mut(offset..offset.checked_add(PADDED_BYTES)?)?
            .get_mut(..table.len())?
            .copy_from_slice(&table);
        Some(page)
    }

    fn table(&self) -> Vec<u8> {
        let mut table = Vec::with_capacity(PADDED_BYTES);
        table.extend_from_slice(TABLE.as_bytes());
        table.extend_from_slice(&TABLE_BYTES.to_le_bytes());
        let entries =
            [(COMMAND_LINE, &self.command_line), (INITRD, &self.initrd), (KERNEL, &self.kernel)];
        for (guid, hash) in entries {
            table.extend_from_slice(guid.as_bytes());
            table.extend_from_slice(&ENTRY_BYTES.to_le_bytes());
            table.extend_from_slice(hash);
        }
        table
    }
}
