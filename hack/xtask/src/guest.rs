//! `cargo xtask guest`: the programs that go into images, linked statically.
//!
//! Built twice, in whatever folder, they are the same: paths are mapped away, and nothing in them
//! counts builds.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::demo;
use crate::process;
use crate::workspace::{TARGET, Workspace};

/// Packages with their programs: the runtime, and an agent to try images with.
const PROGRAMS: [(&str, &str); 2] =
    [("cloisterd", "cloisterd"), ("cloister-devnet", "cloister-sample-agent")];

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
    let done = build(&workspace, programs)?;
    if done {
        println!("wrote {}", folder(&workspace).display());
    }
    Ok(done)
}

/// Builds all of them.
pub(crate) fn build_all(workspace: &Workspace) -> Result<bool> {
    build(workspace, &PROGRAMS)
}

/// Where the programs are when they are built.
fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("guest")
}

/// One after the other: together, one would switch features on in the other.
fn build(workspace: &Workspace, programs: &[(&str, &str)]) -> Result<bool> {
    let to = folder(workspace);
    fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
    for (package, program) in programs {
        let mut command = demo::release(&workspace.root);
        command.args(["--target", TARGET, "--package", package, "--bin", program]);
        command.env("RUSTFLAGS", rust_flags(&workspace.root)?);
        command.env(format!("CFLAGS_{}", TARGET.replace('-', "_")), c_flags(&workspace.root)?);
        if !process::watched(&mut command)? {
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

fn rust_flags(root: &Path) -> Result<String> {
    let maps =
        places(root)?.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    Ok(format!("-C target-feature=+crt-static -C link-arg=-Wl,--build-id=none {}", maps.join(" ")))
}

fn c_flags(root: &Path) -> Result<String> {
    let maps = places(root)?.map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()));
    Ok(maps.join(" "))
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
