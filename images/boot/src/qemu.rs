//! QEMU: where it is, and how it is started.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use tokio::process::Command;

use crate::tree;

const PROGRAM: &str = "qemu-system-x86_64";

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

/// The program of packages that were unpacked into `root`, with its modules and data.
fn from_tree(root: &Path, program: &Path) -> Command {
    // Two of its libraries are in folders of their own.
    let mut command = Command::from(tree::command(root, program, &["libproxy", "pulseaudio"]));
    command.env("QEMU_MODULE_DIR", root.join(tree::LIBRARIES).join("qemu"));
    for data in ["usr/share/qemu", "usr/share/seabios"] {
        command.arg("-L").arg(root.join(data));
    }
    command
}
