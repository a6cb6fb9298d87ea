//! What a boot needs and an image does not hold: QEMU, firmware, swtpm and a stub, from pinned packages.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use cloister_image::build;
use cloister_image::packages::{Cache, Lock};
use cloister_image::progress::Silent;

use crate::qemu::Qemu;
use crate::tee::TeeKind;
use crate::tree;

/// The pinned QEMU, whatever is installed: what runs a guest is known as well as what it runs.
pub fn qemu() -> Result<Qemu> {
    Qemu::unpacked(&unpacked("qemu-system-x86")?)
}

/// The pinned firmware that is made for a kind of machine.
pub fn firmware(kind: TeeKind) -> Result<PathBuf> {
    Ok(match kind {
        TeeKind::Snp => unpacked("ovmf-amdsev")?.join("usr/share/ovmf/OVMF.amdsev.fd"),
        TeeKind::Tdx => generic_firmware()?,
    })
}

/// The pinned firmware that is made for ordinary machines and TDs alike, with a driver for TPMs and
/// without keys for Secure Boot.
pub fn generic_firmware() -> Result<PathBuf> {
    Ok(unpacked("ovmf")?.join("usr/share/ovmf/OVMF.fd"))
}

/// The pinned swtpm, as a command without arguments yet.
pub fn swtpm() -> Result<Command> {
    let root = unpacked("swtpm")?;
    let program = root.join("usr/bin/swtpm");
    ensure!(program.is_file(), "there is no {}", program.display());
    Ok(tree::command(&root, &program, &["swtpm"]))
}

/// The program that unified kernel images begin with, as images are built with it.
pub fn stub() -> Result<Vec<u8>> {
    let (group, path) = build::STUB;
    let path = unpacked(group)?.join(path);
    std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
}

fn unpacked(group: &str) -> Result<PathBuf> {
    let cache = Cache::new(Cache::default_folder()?, Lock::built_in()?);
    cache.unpacked(group, &Silent).with_context(|| format!("cannot have the packages of {group}"))
}
