//! What the shipped binaries are made of.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::process;
use crate::workspace::{TARGET, Workspace};

/// Crates that may stand in the lock file for the shipped binaries together, build scripts and
/// procedural macros included.
pub(crate) const SHIPPED_CRATES_MAX: usize = 350;

/// Every crate, as `name version`, that building the shipped binaries takes.
pub(crate) fn shipped(workspace: &Workspace) -> Result<BTreeSet<String>> {
    crates(workspace, "normal,build")
}

/// Every crate, as `name version`, that is linked into a shipped binary or runs inside the
/// compiler as a procedural macro for one.
pub(crate) fn linked(workspace: &Workspace) -> Result<BTreeSet<String>> {
    crates(workspace, "normal")
}

fn crates(workspace: &Workspace, edges: &str) -> Result<BTreeSet<String>> {
    let mut args =
        vec!["tree", "--locked", "--target", TARGET, "--edges", edges, "--prefix", "none"];
    args.extend(["--no-dedupe", "--format", "{p}"]);
    for name in &workspace.shipped {
        args.extend(["--package", name]);
    }
    let listed = process::output(&workspace.root, &process::cargo(), &args)?;
    let found: BTreeSet<String> = listed.lines().filter_map(name_and_version).collect();
    if found.is_empty() {
        bail!("cargo tree lists no crates for {:?}", workspace.shipped);
    }
    Ok(found)
}

/// `serde v1.0.0 (proc-macro)` to `serde 1.0.0`.
fn name_and_version(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let (name, version) = (words.next()?, words.next()?);
    Some(format!("{name} {}", version.trim_start_matches('v')))
}

#[cfg(test)]
mod tests {
    use super::name_and_version;

    #[test]
    fn a_tree_line_gives_name_and_version() {
        assert_eq!(name_and_version("syn v2.0.1 (*)").as_deref(), Some("syn 2.0.1"));
        assert_eq!(name_and_version("core v0.1.0 (/somewhere)").as_deref(), Some("core 0.1.0"));
        assert_eq!(name_and_version(""), None);
    }
}
