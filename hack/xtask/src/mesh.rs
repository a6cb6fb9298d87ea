//! `cargo xtask mesh`: builds what is released, then hands over to the mesh of the devnet; or to a
//! fleet by a simulated clock, which needs no programs.

use std::process::Command;

use anyhow::Result;

use crate::demo;
use crate::process;
use crate::workspace::Workspace;

/// The program that brings a mesh up.
const PROGRAM: &str = "cloister-mesh";

/// The program, and package, that simulates a fleet.
const FLEET: &str = "cloister-fleet";

/// Asks for the fleet.
const SIMULATED: &str = "--simulated";

/// Options of `cargo xtask mesh`.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// The number of runtimes; `--simulated` for thousands, `--json` for one object, `--help` for
    /// the rest.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

/// Builds optimised code, then measures.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    let simulated = options.arguments.iter().any(|argument| argument == SIMULATED);
    let (built, program) = if simulated {
        let mut build = demo::release(&workspace.root);
        (process::watched(build.args(["--package", FLEET]))?, FLEET)
    } else {
        (demo::build_shipped(&workspace)? && demo::build_devnet(&workspace)?, PROGRAM)
    };
    if !built {
        return Ok(false);
    }
    let program = workspace.target.join("release").join(program);
    process::watched(Command::new(program).args(&options.arguments))
}
