//! What the calculators say that a machine will measure, before there is one.

use anyhow::{Context as _, Result};
use cloister_image::measure::firmware::Firmware;
use cloister_image::measure::snp::{
    Cpu, GuestFeatures, KernelHashes, Launch, Processors, Vmm, launch_digest,
};
use cloister_image::measure::tdx::{Boot, Kernel, Passes, ReadySeparator, mr_td};

use crate::comparison::Register;
use crate::handed::Handed;
use crate::machine::PROCESSOR;
use crate::tee::TeeKind;

/// The registers of a machine with so many processors that boots `image`, as far as they can be
/// told beforehand.
pub fn predict(image: &Handed, kind: TeeKind, cpus: u32) -> Result<Vec<Register>> {
    match kind {
        TeeKind::Snp => snp(image, cpus),
        TeeKind::Tdx => tdx(image),
    }
}

fn snp(image: &Handed, cpus: u32) -> Result<Vec<Register>> {
    let boots = KernelHashes::new(&image.kernel, &image.initrd, &image.cmdline)?;
    let cpu = Cpu::from_name(PROCESSOR).context("the calculators do not know the processor")?;
    let processors = Processors { vcpus: cpus, cpu, features: GuestFeatures::SNP };
    let launch = Launch { firmware: &image.firmware, boots: &boots, vmm: Vmm::Qemu, processors };
    Ok(vec![("MEASUREMENT", launch_digest(&launch)?)])
}

fn tdx(image: &Handed) -> Result<Vec<Register>> {
    let Handed { firmware, kernel, initrd, cmdline } = image;
    // The software TEE measures the kernel as it was handed over.
    let boot =
        Boot::Direct(Kernel { kernel, initrd, command_line: cmdline, patched_for_mib: None });
    Ok(vec![
        ("MRTD", mr_td(&Firmware::parse(firmware)?, Passes::One)?),
        ("RTMR1", *boot.rtmr1(ReadySeparator::Rtmr1)?.value()),
        ("RTMR2", *boot.rtmr2()?.value()),
    ])
}
