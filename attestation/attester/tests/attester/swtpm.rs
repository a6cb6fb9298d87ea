//! `swtpm` of the distribution, unpacked into the cache. Nothing is installed, and no privilege is
//! needed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What `swtpm` is made of.
const PACKAGES: [&str; 3] = ["swtpm", "swtpm-libs", "libtpms0"];

/// A command for `swtpm`, or nothing, having said why.
pub(crate) fn program() -> Option<Command> {
    match unpacked() {
        Ok(root) => Some(command(&root)),
        Err(error) => {
            println!("skipped: swtpm cannot be had here: {error}");
            None
        }
    }
}

fn command(root: &Path) -> Command {
    let libraries: Vec<String> = ["x86_64-linux-gnu", "x86_64-linux-gnu/swtpm"]
        .map(|folder| root.join("usr/lib").join(folder).display().to_string())
        .into();
    let mut command = Command::new(root.join("usr/bin/swtpm"));
    command.env("LD_LIBRARY_PATH", libraries.join(":"));
    command
}

/// Fetched by the first test that needs it, while the others wait.
fn unpacked() -> io::Result<PathBuf> {
    let cache = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache");
    fs::create_dir_all(&cache)?;
    let root = cache.join("swtpm");
    let lock = File::create(cache.join("swtpm.lock"))?;
    lock.lock()?;
    if root.is_dir() {
        return Ok(root);
    }
    let partial = cache.join("swtpm.part");
    if partial.exists() {
        fs::remove_dir_all(&partial)?;
    }
    fs::create_dir_all(&partial)?;
    run(Command::new("apt-get").args(["download", "-q"]).args(PACKAGES).current_dir(&partial))?;
    for entry in fs::read_dir(&partial)?.collect::<io::Result<Vec<_>>>()? {
        run(Command::new("dpkg-deb").arg("-x").arg(entry.path()).arg(&partial))?;
        fs::remove_file(entry.path())?;
    }
    fs::rename(&partial, &root)?;
    Ok(root)
}

fn run(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
