//! The instrumented program: building it and calling it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::require_compiler;
use crate::process;
use crate::workspace::{TARGET, Workspace};

/// What makes the compiler tell libFuzzer which branches an input took.
const INSTRUMENTATION: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// More than any input takes, by far: an input that takes longer is a finding.
const SECONDS_PER_INPUT_MAX: u32 = 10;

/// One target of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) bytes_max: usize,
}

/// The instrumented program, built.
#[derive(Debug)]
pub(super) struct Program {
    file: PathBuf,
    /// Where corpora, findings and logs are kept.
    folder: PathBuf,
}

impl Program {
    /// Builds it at the versions of the workspace, in a target folder of its own.
    pub(super) fn build(workspace: &Workspace) -> Result<Self> {
        require_compiler()?;
        let source = workspace.root.join("tests/fuzz/fuzz");
        let folder = workspace.target.join("fuzz");
        std::fs::copy(workspace.root.join("Cargo.lock"), source.join("Cargo.lock"))
            .context("cannot copy Cargo.lock beside the fuzzer")?;
        let mut cargo = Command::new(process::cargo());
        cargo.current_dir(&source).args(["build", "--release", "--target", TARGET]);
        cargo.env("CARGO_TARGET_DIR", &folder).env("RUSTFLAGS", INSTRUMENTATION);
        cargo.env_remove("CARGO_ENCODED_RUSTFLAGS");
        if !process::watched(&mut cargo)? {
            bail!("the fuzzer does not build");
        }
        Ok(Self { file: folder.join(TARGET).join("release/cloister-libfuzzer"), folder })
    }

    /// The targets that it has.
    pub(super) fn targets(&self) -> Result<Vec<Target>> {
        let program = self.file.to_str().context("the target folder is not UTF-8")?;
        let listed = process::output(&self.folder, program, &[])?;
        listed.lines().map(|line| target(line).context("a target in another form")).collect()
    }

    /// The program on one target.
    pub(super) fn command(&self, target: &Target) -> Command {
        let mut command = Command::new(&self.file);
        command.env("CLOISTER_FUZZ_TARGET", &target.name);
        command.env("CLOISTER_FUZZ_SEEDS", self.folder.join("seeds").join(&target.name));
        command
    }

    /// The program, searching for inputs that break a promise of one target.
    pub(super) fn search(&self, target: &Target) -> Result<Command> {
        let [corpus, seeds, findings] =
            ["corpus", "seeds", "findings"].map(|kind| self.folder.join(kind).join(&target.name));
        for folder in [&corpus, &seeds, &findings] {
            make(folder)?;
        }
        let mut command = self.command(target);
        command.arg(format!("-artifact_prefix={}/", findings.display()));
        command.arg(format!("-max_len={}", target.bytes_max));
        command.arg(format!("-timeout={SECONDS_PER_INPUT_MAX}"));
        command.args(["-print_final_stats=1", "-rss_limit_mb=2048"]).arg(corpus).arg(seeds);
        Ok(command)
    }

    /// Where the output of a search goes.
    pub(super) fn log(&self, target: &Target) -> Result<PathBuf> {
        let logs = self.folder.join("logs");
        make(&logs)?;
        Ok(logs.join(format!("{}.log", target.name)))
    }
}

fn make(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

/// A line of the program's list: name, space, longest input.
fn target(line: &str) -> Option<Target> {
    let (name, bytes_max) = line.split_once(' ')?;
    Some(Target { name: name.to_owned(), bytes_max: bytes_max.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::{Target, target};

    #[test]
    fn the_list_reads() {
        let expected = Target { name: "snp-report".to_owned(), bytes_max: 1248 };
        assert_eq!(target("snp-report 1248"), Some(expected));
        assert_eq!(target("snp-report"), None);
        assert_eq!(target("snp-report x"), None);
    }
}
