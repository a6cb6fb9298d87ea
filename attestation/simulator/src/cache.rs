//! Keeps RSA keys between runs: deriving one takes seconds, and many test processes want the same.
//!
//! The files hold private keys of a hierarchy that proves nothing, derived from a seed that
//! everyone knows. They are still written for their owner alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use cloister_attestation::bytes::Digest48;

/// Names the folder; default `simulator-cache` in the workspace's build folder.
const VARIABLE: &str = "CLOISTER_SIMULATOR_CACHE";

/// Part of every file name: change it when the derivation changes.
const DERIVATION: &str = "1";

/// The cached bytes for `label`, or what `derive` makes, which is then cached.
///
/// One process derives while others wait for it. A cache that cannot be written only costs time.
pub(crate) fn get_or_derive(
    seed: &str,
    label: &str,
    usable: impl Fn(&[u8]) -> bool,
    derive: impl Fn() -> Vec<u8>,
) -> Vec<u8> {
    let path = folder().join(file_name(seed, label));
    let Ok(_lock) = lock(&path) else { return derive() };
    match fs::read(&path) {
        Ok(bytes) if usable(&bytes) => bytes,
        Ok(_) | Err(_) => {
            let bytes = derive();
            // Losing the copy loses time on the next run and nothing else.
            let _kept = store(&path, &bytes);
            bytes
        }
    }
}

fn folder() -> PathBuf {
    if let Some(folder) = std::env::var_os(VARIABLE) {
        return folder.into();
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    target.unwrap_or_else(|| workspace.join("target")).join("simulator-cache")
}

fn file_name(seed: &str, label: &str) -> String {
    let name = Digest48::sha384(format!("{DERIVATION}\0{seed}\0{label}").as_bytes());
    format!("{name}.rsa")
}

/// Held until dropped; the kernel releases it when the process ends.
fn lock(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = private().truncate(false).open(path.with_extension("lock"))?;
    file.lock()?;
    Ok(file)
}

fn store(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("partial");
    let mut file = private().truncate(true).open(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(partial, path)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true).mode(0o600);
    options
}
