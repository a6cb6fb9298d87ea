//! What is released: the size of the runtime, and what must not be in the shipped programs.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::ci::Outcome;
use crate::graph::{self, SHIPPED_CRATES_MAX};
use crate::guest;
use crate::process;
use crate::workspace::Workspace;

/// Size of `cloisterd`, stripped.
const CLOISTERD_BYTES_MAX: u64 = 15 * 1024 * 1024;

/// What the simulator writes into every certificate of its own: `cloister_simulator::MARKER`.
const SIMULATOR_MARKER: &[u8] = b"Cloister simulator, not ";

/// The program that links the simulator, so that looking for the marker is known to find it.
const LINKS_SIMULATOR: &str = "cloister-devnet";

/// Builds the programs that go into images, as released, and checks what came out.
///
/// The simulator is looked for in what the tests were built with: all of the workspace's features
/// are on there, and what is not linked then is not linked without them.
pub(crate) fn check(workspace: &Workspace, log: &Path) -> Result<Outcome> {
    let run = |command: &mut Command| process::logged(command, log);
    let mut all = Command::new(process::cargo());
    all.current_dir(&workspace.root).args(["build", "--workspace", "--all-targets", "--locked"]);
    if !run(&mut all)? || !guest::build_all(workspace, run)? {
        return Outcome::from_log(log);
    }
    let runtime = guest::runtime(workspace);
    let size = stripped_size(&runtime)?;
    let mut problems = too_large(size);
    problems.extend(simulated(workspace, &runtime)?);
    problems.extend(count(workspace)?);
    Ok(Outcome::of(format!("cloisterd {}, static", mebibytes(size)), problems))
}

fn too_large(size: u64) -> Vec<String> {
    let problem =
        format!("cloisterd has {size} bytes stripped, at most {CLOISTERD_BYTES_MAX} are allowed");
    Vec::from_iter((size > CLOISTERD_BYTES_MAX).then_some(problem))
}

/// Shipped programs that have the simulator in them, and whether one would have been found.
fn simulated(workspace: &Workspace, runtime: &Path) -> Result<Vec<String>> {
    let built = workspace.target.join("debug");
    let mut problems = Vec::new();
    let shipped = workspace.shipped.iter().map(|name| built.join(name));
    for program in shipped.chain([runtime.to_owned()]) {
        if has_simulator(&program)? {
            problems.push(format!("{} has the simulator's marker in it", program.display()));
        }
    }
    if !has_simulator(&built.join(LINKS_SIMULATOR))? {
        let problem = "lacks the simulator's marker, so that others lack it proves nothing";
        problems.push(format!("{LINKS_SIMULATOR} {problem}"));
    }
    Ok(problems)
}

fn count(workspace: &Workspace) -> Result<Option<String>> {
    let crates = graph::shipped(workspace)?.len();
    let problem = format!(
        "the shipped binaries take {crates} crates, at most {SHIPPED_CRATES_MAX} are allowed"
    );
    Ok((crates > SHIPPED_CRATES_MAX).then_some(problem))
}

fn has_simulator(program: &Path) -> Result<bool> {
    let bytes =
        std::fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    Ok(contains(&bytes, SIMULATOR_MARKER))
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
