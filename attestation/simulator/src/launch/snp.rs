//! SEV-SNP: the launch digest.

use aws_lc_rs::digest::{SHA256, digest};
use cloister_attestation::bytes::Digest48;

use super::firmware::{self, guid};
use super::{FOUR_GIB, Launch, PAGE, Unlaunchable, address, vmsa};

/// The virtual processors, all of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Processors {
    /// How many.
    pub count: u32,
    /// `CPUID` function 1, EAX: family, model and stepping. In RDX at their start.
    pub signature: u32,
    /// `SEV_FEATURES` of their save areas.
    pub features: u64,
}

// SPEC: SEV SNP Firmware ABI 56860, section 8.17.2, `PAGE_TYPE`.
const NORMAL: u8 = 1;
const VMSA: u8 = 2;
const ZERO: u8 = 3;
const SECRETS: u8 = 5;
const CPUID: u8 = 6;

/// The address that stands for every save area.
const VMSA_ADDRESS: u64 = 0xffff_ffff_f000;

/// The address at which the first processor starts.
const RESET_VECTOR: u32 = 0xffff_fff0;

// SPEC: QEMU, `target/i386/sev.c`, `SevHashTable`.
const TABLE: [u8; 16] = guid(0x9438_d606, 0x4f22, 0x4cc9, 0xb479_a793_d411_fd21);
const CMDLINE: [u8; 16] = guid(0x97d0_2dd8, 0xbd20, 0x4c94, 0xaa78_e771_4d36_ab2a);
const INITRD: [u8; 16] = guid(0x44ba_f731, 0x3a2f, 0x4bd7, 0x9af1_41e2_9169_781d);
const KERNEL: [u8; 16] = guid(0x4de7_9437, 0xabd2, 0x427f, 0xb835_d5b1_72d2_045b);

impl Launch<'_> {
    /// `MEASUREMENT` of a guest that QEMU launches from this with these processors.
    ///
    /// # Errors
    /// [`Unlaunchable`] for firmware that is not made for SEV-SNP guests with a measured kernel.
    pub fn snp(&self, processors: &Processors) -> Result<Digest48, Unlaunchable> {
        let mut context = Context { digest: Digest48::new([0; 48]) };
        let start = FOUR_GIB.checked_sub(address(self.firmware.len()));
        let start = start.ok_or(Unlaunchable("the firmware is larger than 4 GiB"))?;
        context.pages(start, self.firmware)?;
        self.sections(&mut context)?;
        let reset = firmware::number(firmware::entry(self.firmware, firmware::RESET_BLOCK)?, 0)?;
        for processor in 0..processors.count {
            let at = if processor == 0 { RESET_VECTOR } else { reset };
            context.page(VMSA, VMSA_ADDRESS, Digest48::sha384(&vmsa::page(at, processors)));
        }
        Ok(context.digest)
    }

    /// The pages that the firmware asks for.
    // SPEC: edk2, `OvmfPkg/ResetVector/X64/OvmfSevMetadata.asm`.
    fn sections(&self, context: &mut Context) -> Result<(), Unlaunchable> {
        let list = firmware::pointed(self.firmware, firmware::SEV_METADATA)?;
        if !list.starts_with(b"ASEV") {
            return Err(Unlaunchable("the firmware's SEV sections are in no known form"));
        }
        let mut hashed = false;
        for item in 0..usize::try_from(firmware::number(list, 12)?).unwrap_or(usize::MAX) {
            let field = |at: usize| firmware::number(list, 16 + item * 12 + at * 4);
            let (start, size, kind) = (u64::from(field(0)?), field(1)?, field(2)?);
            match kind {
                1 | 4 => context.same(ZERO, start, size),
                2 => context.same(SECRETS, start, size),
                3 => context.same(CPUID, start, size),
                0x10 => {
                    context.pages(start, &self.hashes()?)?;
                    hashed = true;
                }
                _ => return Err(Unlaunchable("the firmware has an SEV section of unknown kind")),
            }
        }
        // SECURITY: without the page, kernel, initrd and command line are not measured at all.
        if hashed {
            Ok(())
        } else {
            Err(Unlaunchable("the firmware has no room for kernel hashes"))
        }
    }

    /// The page with the hashes of what the firmware will be handed and has to check.
    fn hashes(&self) -> Result<Vec<u8>, Unlaunchable> {
        let place = firmware::number(firmware::entry(self.firmware, firmware::HASH_TABLE)?, 0)?;
        let cmdline = [self.cmdline.as_bytes(), &[0]].concat();
        let entries = [(CMDLINE, cmdline.as_slice()), (INITRD, self.initrd), (KERNEL, self.kernel)];
        let entries = entries.map(|(name, bytes)| {
            [name.as_slice(), &50_u16.to_le_bytes(), digest(&SHA256, bytes).as_ref()].concat()
        });
        let table = [TABLE.as_slice(), &168_u16.to_le_bytes(), &entries.concat()].concat();
        let start = usize::try_from(place).unwrap_or(usize::MAX) % PAGE;
        let mut page = vec![0; PAGE];
        let room = page.get_mut(start..start + table.len());
        room.ok_or(Unlaunchable("the hashes do not fit into their page"))?.copy_from_slice(&table);
        Ok(page)
    }
}

/// The launch context of the security processor.
struct Context {
    digest: Digest48,
}

impl Context {
    // SPEC: SEV SNP Firmware ABI 56860, section 8.17.2, table 67: `PAGE_INFO`.
    fn page(&mut self, kind: u8, at: u64, contents: Digest48) {
        let info = [
            self.digest.as_bytes().as_slice(),
            contents.as_bytes(),
            &112_u16.to_le_bytes(),
            &[kind, 0, 0, 0, 0, 0],
            &at.to_le_bytes(),
        ];
        self.digest = Digest48::sha384(&info.concat());
    }

    /// Pages whose contents are measured.
    fn pages(&mut self, start: u64, bytes: &[u8]) -> Result<(), Unlaunchable> {
        let (pages, rest) = bytes.as_chunks::<PAGE>();
        if !rest.is_empty() {
            return Err(Unlaunchable("the firmware does not end at a page"));
        }
        for (at, page) in (start..).step_by(PAGE).zip(pages) {
            self.page(NORMAL, at, Digest48::sha384(page));
        }
        Ok(())
    }

    /// Pages of which only the kind is measured.
    fn same(&mut self, kind: u8, start: u64, size: u32) {
        for at in (start..start + u64::from(size)).step_by(PAGE) {
            self.page(kind, at, Digest48::new([0; 48]));
        }
    }
}
