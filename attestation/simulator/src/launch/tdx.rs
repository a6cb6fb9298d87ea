//! TDX: `MRTD`, and the event log that a measuring firmware would keep.

use aws_lc_rs::digest::{Context, SHA384};
use cloister_attestation::bytes::Digest48;

use super::{Launch, PAGE, Unlaunchable, authenticode, firmware};
use crate::ccel::Ccel;

/// Bytes that one `TDH.MR.EXTEND` takes in.
const CHUNK: usize = 256;

/// `MR.EXTEND` in a section's attributes: its contents are measured, not only its pages.
const EXTEND: u32 = 1;

/// `PAGE.AUG`: the section's pages come after the launch.
const AUGMENTED: u32 = 2;

/// `EV_SEPARATOR`.
const SEPARATOR: u32 = 4;

/// `EV_EFI_ACTION`.
const ACTION: u32 = 0x8000_0007;

/// What the firmware tells the kernel to take for its initrd, behind the command line.
const INITRD_OPTION: &str = " initrd=initrd";

/// What a machine in software has for a firmware configuration.
const CONFIGURATION: &[u8] = b"cloister/software-td/1 configuration";

/// `RTMR0` of every machine in software: none has a configuration of its own.
#[must_use]
pub fn software_rtmr0() -> Digest48 {
    let [rtmr0, ..] = configured().rtmr();
    rtmr0
}

fn configured() -> Ccel {
    Ccel::default().naming(0, "configuration", Digest48::sha384(CONFIGURATION))
}

impl Launch<'_> {
    /// `MRTD` of a TD whose memory is added and measured page by page, as KVM does it.
    ///
    /// # Errors
    /// [`Unlaunchable`] for firmware that is not made for TDs.
    // SPEC: Intel TDX Virtual Firmware Design Guide 344991, section 11.
    pub fn mr_td(&self) -> Result<Digest48, Unlaunchable> {
        let list = firmware::pointed(self.firmware, firmware::TDX_METADATA)?;
        if !list.starts_with(b"TDVF") {
            return Err(Unlaunchable("the firmware's TDX sections are in no known form"));
        }
        let mut register = Context::new(&SHA384);
        for section in 0..usize::try_from(firmware::number(list, 12)?).unwrap_or(usize::MAX) {
            self.section(&list[16..], section * 32, &mut register)?;
        }
        let digest = register.finish();
        let digest = digest.as_ref().try_into().expect("SHA-384 has 48 bytes");
        Ok(Digest48::new(digest))
    }

    /// What a measuring firmware logs of a kernel that the VMM hands it, up to the kernel's start.
    ///
    /// A machine in software has no firmware configuration worth measuring: `RTMR0` has one event,
    /// the same for every machine. The kernel's digest is of the file as it was handed over.
    ///
    /// # Errors
    /// [`Unlaunchable`] for a kernel that is no EFI program.
    // SPEC: TCG PC Client Platform Firmware Profile 1.06, section 3.3.4; Linux,
    // `drivers/firmware/efi/libstub/efi-stub-helper.c`, for what the kernel measures itself.
    pub fn boot_log(&self) -> Result<Ccel, Unlaunchable> {
        let options = [self.cmdline, INITRD_OPTION, "\0"].concat();
        let options: Vec<u8> = options.encode_utf16().flat_map(u16::to_le_bytes).collect();
        Ok(configured()
            .naming(1, "kernel", authenticode(self.kernel)?)
            .measuring(1, ACTION, b"Calling EFI Application from Boot Option")
            .measuring(1, SEPARATOR, &[0; 4])
            .naming(2, "command line", Digest48::sha384(&options))
            .naming(2, "initrd", Digest48::sha384(self.initrd))
            .measuring(1, ACTION, b"Exit Boot Services Invocation")
            .measuring(1, ACTION, b"Exit Boot Services Returned with Success"))
    }

    fn section(&self, list: &[u8], at: usize, register: &mut Context) -> Result<(), Unlaunchable> {
        let (offset, raw) = (firmware::number(list, at)?, firmware::number(list, at + 4)?);
        let start = firmware::address(list, at + 8)?;
        let size = firmware::address(list, at + 16)?;
        let attributes = firmware::number(list, at + 28)?;
        if attributes & AUGMENTED != 0 {
            return Ok(());
        }
        let range = usize::try_from(offset).ok().zip(usize::try_from(raw).ok());
        let range = range.map(|(offset, raw)| offset..offset.saturating_add(raw));
        let contents = range.and_then(|range| self.firmware.get(range));
        let contents = contents.ok_or(Unlaunchable("a TDX section lies outside the firmware"))?;
        for (page, from) in
            (start..start.saturating_add(size)).step_by(PAGE).zip((0..).step_by(PAGE))
        {
            register.update(&command(b"MEM.PAGE.ADD", page));
            if attributes & EXTEND != 0 {
                let mut memory = [0; PAGE];
                let given = contents.get(from..).unwrap_or_default();
                memory.iter_mut().zip(given).for_each(|(to, from)| *to = *from);
                extend(page, &memory, register);
            }
        }
        Ok(())
    }
}

fn extend(page: u64, memory: &[u8; PAGE], register: &mut Context) {
    for (at, chunk) in (page..).step_by(CHUNK).zip(memory.chunks_exact(CHUNK)) {
        register.update(&command(b"MR.EXTEND", at));
        register.update(chunk);
    }
}

/// What the TDX module hashes of a command: its name and the address.
// SPEC: Intel TDX Module ABI 348551, `TDH.MEM.PAGE.ADD` and `TDH.MR.EXTEND`.
fn command(name: &[u8], at: u64) -> [u8; 128] {
    let mut buffer = [0; 128];
    buffer[..name.len()].copy_from_slice(name);
    buffer[16..24].copy_from_slice(&at.to_le_bytes());
    buffer
}
