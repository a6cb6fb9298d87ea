//! What a boot needs and an image does not hold: QEMU and firmware, from pinned packages.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use cloister_image::packages::{Cache, Lock};
use cloister_image::progress::Silent;

use crate::qemu::Qemu;
use crate::tee::TeeKind;

/// The pinned QEMU, whatever is installed: what runs a guest is known as well as what it runs.
pub fn qemu() -> Result<Qemu> {
    Qemu::unpacked(&unpacked("qemu-system-x86")?)
}

/// The pinned firmware that is made for a kind of machine.
pub fn firmware(kind: TeeKind) -> Result<PathBuf> {
    Ok(match kind {
        TeeKind::Snp => unpacked("ovmf-amdsev")?.join("usr/share/ovmf/OVMF.amdsev.fd"),
        // Made for ordinary machines and TDs alike; without keys for Secure Boot.
        TeeKind::Tdx => unpacked("ovmf")?.join("usr/share/ovmf/OVMF.fd"),
    })
}

fn unpacked(group: &str) -> Result<PathBuf> {
    let cache = Cache::new(Cache::default_folder()?, Lock::built_in()?);
    cache.unpacked(group, &Silent).with_context(|| format!("cannot have the packages of {group}"))
}
