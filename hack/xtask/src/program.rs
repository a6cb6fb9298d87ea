//! The `cloister` that checks ask: a given one, or one that is built for them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::process;
use crate::workspace::Workspace;

/// Where a build leaves it.
pub(crate) fn built(workspace: &Workspace) -> PathBuf {
    workspace.target.join("debug").join("cloister")
}

/// The one that is `given`, or a new one.
///
/// Built alone it has other features of the crates below it than in the whole workspace, so nearly
/// everything is compiled again: whoever has built the workspace gives its program.
pub(crate) fn given_or_built(workspace: &Workspace, given: Option<&Path>) -> Result<PathBuf> {
    if let Some(program) = given {
        return Ok(program.to_owned());
    }
    let mut build = Command::new(process::cargo());
    build.current_dir(&workspace.root);
    build.args(["build", "--quiet", "--locked", "--package", "cloister"]);
    if !process::watched(&mut build)? {
        bail!("cloister does not build");
    }
    Ok(built(workspace))
}
