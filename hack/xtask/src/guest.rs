//! `cargo xtask guest`: the programs that go into images, linked statically.
//!
//! Built twice, in whatever folder, they are the same: paths are mapped away, and nothing in them
//! counts builds.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::demo;
use crate::process;
use crate::workspace::{TARGET, Workspace};

/// Packages, each with a program of its name.
const PROGRAMS: [&str; 2] = [RUNTIME, "cloister-small-agent"];

/// The first process of every image.
const RUNTIME: &str = "cloisterd";

/// Options of `cargo xtask guest`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only the runtime.
    #[arg(long)]
    runtime: bool,
}

/// Builds and copies them to `target/guest`.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    let programs = if options.runtime { &PROGRAMS[..1] } else { &PROGRAMS };
    let done = build(&workspace, programs, process::watched)?;
    if done {
        println!("wrote {}", folder(&workspace).display());
    }
    Ok(done)
}

/// Builds all of them with `run`, which says whether a command succeeded.
pub(crate) fn build_all(
    workspace: &Workspace,
    run: impl Fn(&mut Command) -> Result<bool>,
) -> Result<bool> {
    build(workspace, &PROGRAMS, run)
}

/// Where the runtime is when it is built.
pub(crate) fn runtime(workspace: &Workspace) -> PathBuf {
    folder(workspace).join(RUNTIME)
}

/// Where the programs are when they are built.
fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("guest")
}

/// One after the other: together, one would switch features on in the other.
fn build(
    workspace: &Workspace,
    programs: &[&str],
    run: impl Fn(&mut Command) -> Result<bool>,
) -> Result<bool> {
    let to = folder(workspace);
    fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
    for &program in programs {
        let mut command = demo::release(&workspace.root);
        command.args(["--target", TARGET, "--package", program, "--bin", program]);
        command.env("RUSTFLAGS", rust_flags(&workspace.root)?);
        command.env(format!("CFLAGS_{}", TARGET.replace('-', "_")), c_flags(&workspace.root)?);
        if !run(&mut command)? {
            return Ok(false);
        }
        let from = workspace.target.join(TARGET).join("release").join(program);
        fs::copy(&from, to.join(program))
            .with_context(|| format!("cannot copy {}", from.display()))?;
    }
    Ok(true)
}

/// What stands in a program in place of folders of this machine.
fn places(root: &Path) -> Result<[(PathBuf, &'static str); 2]> {
    let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from).or(home);
    let cargo = cargo.context("neither CARGO_HOME nor HOME is set")?;
    Ok([(root.to_owned(), "/cloister"), (cargo, "/cargo")])
}

/// No tables for unwinding are asked for: a panic ends the program, and nobody in a guest looks at
/// its stack.
const CODE: &str = "-C target-feature=+crt-static -C force-unwind-tables=no";
const C_CODE: &str = "-fno-asynchronous-unwind-tables -fno-unwind-tables";

/// Without a number that is another in every folder. What the program relocates when it starts is
/// listed in a twentieth of the space, which a C library from glibc 2.36 on reads.
const LINK: &str = "-C link-arg=-Wl,--build-id=none -C link-arg=-Wl,-z,pack-relative-relocs";

fn rust_flags(root: &Path) -> Result<String> {
    let maps =
        places(root)?.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    Ok(format!("{CODE} {LINK} {}", maps.join(" ")))
}

fn c_flags(root: &Path) -> Result<String> {
    let maps = places(root)?.map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()));
    Ok(format!("{C_CODE} {}", maps.join(" ")))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{c_flags, rust_flags};

    #[test]
    fn no_folder_of_this_machine_gets_into_a_program() {
        let root = Path::new("/somewhere/cloister");
        assert!(rust_flags(root).unwrap().contains("=/somewhere/cloister=/cloister"));
        assert!(rust_flags(root).unwrap().contains("+crt-static"));
        assert!(c_flags(root).unwrap().contains("-ffile-prefix-map=/somewhere/cloister=/cloister"));
    }
}
