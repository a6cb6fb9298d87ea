//! QEMU: where it is, and how it is started.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use tokio::process::Command;

const PROGRAM: &str = "qemu-system-x86_64";
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";

/// A QEMU that can be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qemu {
    program: PathBuf,
    /// Where it was unpacked, if it is not installed.
    root: Option<PathBuf>,
}

impl Qemu {
    /// One that is installed.
    pub fn installed(program: &Path) -> Result<Self> {
        ensure!(program.is_file(), "there is no program {}", program.display());
        Ok(Self { program: program.to_owned(), root: None })
    }

    /// The one of packages that were unpacked into `root`, with the libraries that came with it.
    pub fn unpacked(root: &Path) -> Result<Self> {
        let program = root.join("usr/bin").join(PROGRAM);
        ensure!(program.is_file(), "there is no {}", program.display());
        Ok(Self { program, root: Some(root.to_owned()) })
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The program with what it needs around it, and without anything that it would add by itself.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = match &self.root {
            None => Command::new(&self.program),
            Some(root) => from_tree(root, &self.program),
        };
        command.args(["-nodefaults", "-no-user-config", "-display", "none", "-vga", "none"]);
        command.stdin(std::process::Stdio::null()).kill_on_drop(true);
        command
    }
}

/// A program of packages that were unpacked into `root`: with their libraries, and if the C library
/// is one of them, with its loader, since the machine's own fits only its own.
fn from_tree(root: &Path, program: &Path) -> Command {
    let libraries = libraries(root);
    let loader = root.join("lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
    let mut command = if loader.is_file() {
        let mut command = Command::new(loader);
        command.arg("--library-path").arg(libraries).arg(program);
        command
    } else {
        let mut command = Command::new(program);
        command.env("LD_LIBRARY_PATH", libraries);
        command
    };
    command.env("QEMU_MODULE_DIR", root.join(LIBRARIES).join("qemu"));
    for data in ["usr/share/qemu", "usr/share/seabios"] {
        command.arg("-L").arg(root.join(data));
    }
    command
}

/// The folders of the libraries that were unpacked.
fn libraries(root: &Path) -> OsString {
    let folders = [LIBRARIES, "lib/x86_64-linux-gnu"].map(|folder| root.join(folder));
    // Two of its libraries are in folders of their own.
    let nested = ["libproxy", "pulseaudio"].map(|name| root.join(LIBRARIES).join(name));
    // INVARIANT: a colon in a path would be one in the cache's, which other programs refuse too.
    std::env::join_paths(folders.into_iter().chain(nested)).unwrap_or_default()
}
