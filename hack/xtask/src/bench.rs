//! `cargo xtask bench`: builds the measuring program as released and runs it.

use std::process::Command;

use anyhow::Result;

use crate::demo;
use crate::guest;
use crate::process;
use crate::workspace::Workspace;

/// The program that measures. It is a crate of its own because it links what it measures.
const PROGRAM: &str = "cloister-bench";

/// Options of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// `--json` for one object a line, `--bar NAME` for one bar, `--help` for the rest.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

/// Builds optimised code, then measures; `true` when every bar holds.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    // Of the gateway, the binaries as they are released are measured.
    if !demo::build_shipped(&workspace)? || !demo::build_devnet(&workspace)? {
        return Ok(false);
    }
    // Of images, the programs as they go into them.
    if !guest::build_all(&workspace, process::watched)? {
        return Ok(false);
    }
    if !process::watched(demo::release(&workspace.root).args(["--package", PROGRAM]))? {
        return Ok(false);
    }
    let program = workspace.target.join("release").join(PROGRAM);
    process::watched(Command::new(program).args(&options.arguments))
}
