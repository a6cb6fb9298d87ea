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

/// What the simulator writes into every certificate of its own: `cloister_simulator::MARKER`.
const SIMULATOR_MARKER: &[u8] = b"Cloister simulator, not ";

/// The program that links the simulator, so that looking for the marker is known to find it.
const LINKS_SIMULATOR: &str = "cloister-devnet";

/// Builds as released and checks what came out.
pub(crate) fn check(workspace: &Workspace, log: &Path) -> Result<Outcome> {
    let mut shipped = demo::release(&workspace.root);
    shipped.args(demo::packages(&workspace.shipped));
    // Not as released: the marker is the same, and the tests have built this one already.
    let mut tools = Command::new(process::cargo());
    tools.current_dir(&workspace.root).args(["build", "--workspace", "--all-targets", "--locked"]);
    for mut command in [shipped, tools] {
        if !process::logged(&mut command, log)? {
            return Outcome::from_log(log);
        }
    }
    let (released, built) = (workspace.target.join("release"), workspace.target.join("debug"));
    let mut problems = Vec::new();
    let mut sizes = Vec::new();
    for name in &workspace.shipped {
        let binary = Binary::read(&released.join(name))?;
        sizes.push(format!("{name} {}", mebibytes(binary.stripped_bytes)));
        if binary.has_simulator {
            problems.push(format!("{name} has a simulator in it: its marker is in the binary"));
        }
        if name == "cloisterd" && binary.stripped_bytes > CLOISTERD_BYTES_MAX {
            let size = binary.stripped_bytes;
            problems.push(format!(
                "cloisterd has {size} bytes stripped, at most {CLOISTERD_BYTES_MAX} are allowed"
            ));
        }
    }
    if !Binary::read(&built.join(LINKS_SIMULATOR))?.has_simulator {
        let problem = "lacks the simulator's marker, so that others lack it proves nothing";
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
    has_simulator: bool,
}

impl Binary {
    fn read(built: &Path) -> Result<Self> {
        let bytes =
            std::fs::read(built).with_context(|| format!("cannot read {}", built.display()))?;
        let has_simulator = contains(&bytes, SIMULATOR_MARKER);
        Ok(Self { stripped_bytes: stripped_size(built)?, has_simulator })
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
    use super::{SIMULATOR_MARKER, contains, mebibytes};

    #[test]
    fn the_marker_is_found_anywhere_and_only_whole() {
        let inside = [b"\0\x7fELF".as_slice(), SIMULATOR_MARKER, b"\0"].concat();
        assert!(contains(&inside, SIMULATOR_MARKER));
        assert!(!contains(&SIMULATOR_MARKER[1..], SIMULATOR_MARKER));
    }

    #[test]
    fn sizes_are_rounded_down_to_a_tenth() {
        assert_eq!(mebibytes(15 * 1024 * 1024 + 200_000), "15.1 MiB");
    }
}
