//! `cargo demo`: build, then hand over to the devnet.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Options of `cargo demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Handed to the demo; `cargo demo -- --help` lists what it takes.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

/// Builds with visible progress, then runs the demo with the remaining arguments.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    eprintln!("building in release mode; the first time takes minutes");
    if !build_shipped(&workspace)? || !build_devnet(&workspace)? {
        return Ok(false);
    }
    let demo = workspace.target.join("release").join("cloister-devnet");
    process::watched(Command::new(demo).args(&options.arguments))
}

/// Builds the shipped binaries as they are released: apart from every tool crate, so that no tool
/// switches a feature on in them.
pub(crate) fn build_shipped(workspace: &Workspace) -> Result<bool> {
    process::watched(release(&workspace.root).args(packages(&workspace.shipped)))
}

pub(crate) fn build_devnet(workspace: &Workspace) -> Result<bool> {
    process::watched(release(&workspace.root).args(["--package", "cloister-devnet"]))
}

/// `cargo build` as releases are built.
pub(crate) fn release(root: &Path) -> Command {
    let mut command = Command::new(process::cargo());
    command.current_dir(root).args(["build", "--release", "--locked"]);
    command
}

/// `--package` for each name.
pub(crate) fn packages(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().flat_map(|name| ["--package", name])
}
