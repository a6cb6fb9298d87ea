//! `cargo xtask mesh`: builds what is released, then hands over to the mesh of the devnet.

use std::process::Command;

use anyhow::Result;

use crate::demo;
use crate::process;
use crate::workspace::Workspace;

/// The program that brings a mesh up.
const PROGRAM: &str = "cloister-mesh";

/// Options of `cargo xtask mesh`.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// The number of runtimes; `--json` for one object, `--help` for the rest.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

/// Builds optimised code, then measures.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    if !demo::build_shipped(&workspace)? || !demo::build_devnet(&workspace)? {
        return Ok(false);
    }
    let program = workspace.target.join("release").join(PROGRAM);
    process::watched(Command::new(program).args(&options.arguments))
}
