//! What QEMU writes into a kernel's setup header before it hands it to the firmware.
//!
//! SPEC: Linux x86 boot protocol; QEMU, hw/i386/x86-common.c, `x86_load_linux`. SEV-SNP guests are
//! given the kernel as in its file; see [`crate::measure::snp::KernelHashes`].

use cloister_attestation::bytes::Reader;

use crate::measure::error::MeasureError;

const MAGIC_AT: usize = 0x202;
const MAGIC: &[u8] = b"HdrS";
const VERSION_AT: usize = 0x206;
/// With `xloadflags`.
const VERSION_MIN: u16 = 0x020c;
const LOADER_AT: usize = 0x210;
/// QEMU, version 0.
const LOADER: u8 = 0xb0;
const FLAGS_AT: usize = 0x211;
const LOADED_HIGH: u8 = 1;
const CAN_USE_HEAP: u8 = 0x80;
const INITRD_AT: usize = 0x218;
const INITRD_BYTES_AT: usize = 0x21c;
const HEAP_END_AT: usize = 0x224;
const COMMAND_LINE_AT: usize = 0x228;
const INITRD_MAX_AT: usize = 0x22c;
const XLOAD_FLAGS_AT: usize = 0x236;
const ABOVE_4G: u16 = 2;
/// Where the setup code and the command line go, for a kernel that is loaded high.
const SETUP_ADDRESS: u32 = 0x1_0000;
const COMMAND_LINE_ADDRESS: u32 = 0x2_0000;
/// What is kept for the ACPI tables below the end of memory.
const ACPI_BYTES: u32 = 0x2_8000;
const PAGE_MASK: u32 = 0xfff;
/// Machine q35: memory from which on a part of it is above 4 GiB, and how much is below then.
const SPLIT_FROM_MIB: u64 = 0xb00;
const BELOW_SPLIT: u32 = 0x8000_0000;

/// The kernel as a firmware under QEMU's machine q35 reads it.
///
/// # Errors
/// [`MeasureError::Kernel`] for a kernel or a command line that QEMU would treat otherwise.
pub(super) fn patched(
    kernel: &[u8],
    initrd_bytes: usize,
    command_line: &str,
    memory_mib: u64,
) -> Result<Vec<u8>, MeasureError> {
    let header = Header { kernel };
    header.check()?;
    if command_line.contains("vga=") {
        return Err(MeasureError::kernel(
            "`vga=` has QEMU set a video mode, which is not predicted",
        ));
    }
    let initrd_bytes = u32::try_from(initrd_bytes)
        .map_err(|_| MeasureError::kernel("its initrd is larger than 4 GiB"))?;
    let mut out = kernel.to_vec();
    let flags = header.byte(FLAGS_AT)? | CAN_USE_HEAP;
    let heap_end = COMMAND_LINE_ADDRESS - SETUP_ADDRESS - 0x200;
    put(&mut out, LOADER_AT, &[LOADER]);
    put(&mut out, FLAGS_AT, &[flags]);
    put(&mut out, HEAP_END_AT, &heap_end.to_le_bytes());
    put(&mut out, COMMAND_LINE_AT, &COMMAND_LINE_ADDRESS.to_le_bytes());
    if initrd_bytes > 0 {
        let address = header.initrd_address(initrd_bytes, memory_mib)?;
        put(&mut out, INITRD_AT, &address.to_le_bytes());
        put(&mut out, INITRD_BYTES_AT, &initrd_bytes.to_le_bytes());
    }
    Ok(out)
}

struct Header<'a> {
    kernel: &'a [u8],
}

impl Header<'_> {
    fn check(&self) -> Result<(), MeasureError> {
        let magic = self.at(MAGIC_AT)?.take(MAGIC.len());
        if magic != Some(MAGIC) || self.word(VERSION_AT)? < VERSION_MIN {
            return Err(MeasureError::kernel("it is not a bzImage of boot protocol 2.12 or later"));
        }
        if self.byte(FLAGS_AT)? & LOADED_HIGH == 0 {
            return Err(MeasureError::kernel("it is not loaded high"));
        }
        Ok(())
    }

    /// As high as the kernel allows, below the ACPI tables, at the start of a page.
    fn initrd_address(&self, bytes: u32, memory_mib: u64) -> Result<u32, MeasureError> {
        let below = match u32::try_from(memory_mib) {
            Ok(mib) if memory_mib < SPLIT_FROM_MIB => mib.saturating_mul(1024 * 1024),
            Ok(_) | Err(_) => BELOW_SPLIT,
        };
        let allowed = if self.word(XLOAD_FLAGS_AT)? & ABOVE_4G == 0 {
            self.at(INITRD_MAX_AT)?.u32().ok_or_else(cut)?
        } else {
            u32::MAX
        };
        let end = below.checked_sub(ACPI_BYTES).map(|end| allowed.min(end.saturating_sub(1)));
        end.and_then(|end| end.checked_sub(bytes))
            .map(|address| address & !PAGE_MASK)
            .ok_or_else(|| MeasureError::kernel("its initrd does not fit the memory"))
    }

    fn at(&self, offset: usize) -> Result<Reader<'_>, MeasureError> {
        self.kernel.get(offset..).map(Reader::new).ok_or_else(cut)
    }

    fn byte(&self, offset: usize) -> Result<u8, MeasureError> {
        self.at(offset)?.u8().ok_or_else(cut)
    }

    fn word(&self, offset: usize) -> Result<u16, MeasureError> {
        self.at(offset)?.u16().ok_or_else(cut)
    }
}

fn cut() -> MeasureError {
    MeasureError::kernel("its setup header is cut")
}

/// Writes one field; [`Header`] has read behind all of them.
fn put(bytes: &mut [u8], offset: usize, field: &[u8]) {
    bytes.iter_mut().skip(offset).zip(field).for_each(|(to, from)| *to = *from);
}
