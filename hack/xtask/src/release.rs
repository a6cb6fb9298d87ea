//! What is released: the size of the binaries and what must not be in them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::ci::Outcome;
use crate::demo;
use crate::graph::{self, SHIPPED_CRATES_MAX};
use crate::process;
use crate::workspace::Workspace;

/// Size of `cloisterd`, stripped.
const CLOISTERD_BYTES_MAX: u64 = 15 * 1024 * 1024;

/// The organisations that the simulator writes into its roots (`attestation/simulator/src/name.rs`).
const SIMULATOR_ROOTS: [&[u8]; 2] =
    [b"Cloister simulator, not AMD", b"Cloister simulator, not Intel"];

/// The program that links the simulator, so that looking for its roots is known to find them.
const LINKS_SIMULATOR: &str = "cloister-devnet";

/// Builds as released and checks what came out.
pub(crate) fn check(workspace: &Workspace, log: &Path) -> Result<Outcome> {
    let mut shipped = demo::release(&workspace.root);
    shipped.args(demo::packages(&workspace.shipped));
    let mut devnet = demo::release(&workspace.root);
    devnet.args(["--package", LINKS_SIMULATOR]);
    for mut command in [shipped, devnet] {
        if !process::logged(&mut command, log)? {
            return Outcome::from_log(log);
        }
    }
    let mut problems = Vec::new();
    let mut sizes = Vec::new();
    for name in &workspace.shipped {
        let binary = Binary::read(workspace, name)?;
        sizes.push(format!("{name} {}", mebibytes(binary.stripped_bytes)));
        problems.extend(
            binary
                .roots
                .iter()
                .map(|root| format!("{name} has the root of a simulator in it: {root}")),
        );
        if name == "cloisterd" && binary.stripped_bytes > CLOISTERD_BYTES_MAX {
            let size = binary.stripped_bytes;
            problems.push(format!(
                "cloisterd has {size} bytes stripped, at most {CLOISTERD_BYTES_MAX} are allowed"
            ));
        }
    }
    if Binary::read(workspace, LINKS_SIMULATOR)?.roots.len() != SIMULATOR_ROOTS.len() {
        let problem =
            "does not show the simulator's roots, so that others do not show them proves nothing";
        problems.push(format!("{LINKS_SIMULATOR} {problem}"));
    }
    problems.extend(count(workspace)?);
    Ok(Outcome::of(sizes.join(", "), problems))
}

fn count(workspace: &Workspace) -> Result<Option<String>> {
    let crates = graph::shipped(workspace)?.len();
    let problem = format!(
        "the shipped binaries take {crates} crates, at most {SHIPPED_CRATES_MAX} are allowed"
    );
    Ok((crates > SHIPPED_CRATES_MAX).then_some(problem))
}

/// What is looked at in one built program.
struct Binary {
    stripped_bytes: u64,
    /// Which of the simulator's roots are in it.
    roots: Vec<String>,
}

impl Binary {
    fn read(workspace: &Workspace, name: &str) -> Result<Self> {
        let built = workspace.target.join("release").join(name);
        let bytes =
            std::fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
        let found = SIMULATOR_ROOTS.into_iter().filter(|root| contains(&bytes, root));
        let roots = found.map(|root| String::from_utf8_lossy(root).into_owned()).collect();
        Ok(Self { stripped_bytes: stripped_size(&built)?, roots })
    }
}

/// The release profile strips; where `strip` is installed, this does not rely on it.
fn stripped_size(built: &Path) -> Result<u64> {
    let copy = built.with_extension("stripped");
    let stripped =
        Command::new("strip").arg("-o").arg(&copy).arg(built).status().is_ok_and(|s| s.success());
    let size = std::fs::metadata(if stripped { &copy } else { built })?.len();
    if stripped {
        std::fs::remove_file(&copy)?;
    }
    Ok(size)
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn mebibytes(size: u64) -> String {
    let tenths = size.saturating_mul(10) / (1024 * 1024);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::{SIMULATOR_ROOTS, contains, mebibytes};

    #[test]
    fn a_root_is_found_anywhere_and_only_whole() {
        let root = SIMULATOR_ROOTS[0];
        let inside = [b"\0\x7fELF".as_slice(), root, b"\0"].concat();
        assert!(contains(&inside, root));
        assert!(!contains(&root[1..], root));
    }

    #[test]
    fn sizes_are_rounded_down_to_a_tenth() {
        assert_eq!(mebibytes(15 * 1024 * 1024 + 200_000), "15.1 MiB");
    }
}
