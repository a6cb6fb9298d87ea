//! `cargo xtask fuzz`: the targets of `tests/fuzz` under libFuzzer, one after the other.
//!
//! Coverage instrumentation is a compiler flag and libFuzzer comes as source with a crate, so the
//! pinned toolchain and a C++ compiler are all that is needed.

mod line;
mod program;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::workspace::Workspace;
use line::Line;
use program::{Program, Target};

/// Options of `cargo xtask fuzz`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How long each target runs.
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
    /// Run only these targets; `--list` names them.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    target: Vec<String>,
    /// Name the targets and end.
    #[arg(long)]
    list: bool,
    /// Run this one input, for example a crash that was kept, instead of searching for others.
    #[arg(long, value_name = "FILE", requires = "target")]
    input: Option<PathBuf>,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Runs every chosen target; `true` when none broke a promise.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let workspace = Workspace::load()?;
    let program = Program::build(&workspace)?;
    let targets = program.targets()?;
    if options.list {
        targets.iter().for_each(|target| println!("{}", target.name));
        return Ok(true);
    }
    let mut lines = Vec::new();
    for target in chosen(&targets, &options.target)? {
        if let Some(input) = &options.input {
            return process::watched(program.command(target).arg(input));
        }
        let line = search(&program, target, options.seconds)?;
        if options.json {
            println!("{}", serde_json::to_string(&line)?);
        } else {
            println!("{line}");
        }
        lines.push(line);
    }
    Ok(lines.iter().all(|line| line.holds))
}

fn chosen<'a>(targets: &'a [Target], names: &[String]) -> Result<Vec<&'a Target>> {
    if let Some(unknown) = names.iter().find(|name| !targets.iter().any(|t| t.name == **name)) {
        bail!("there is no target `{unknown}`; `cargo xtask fuzz --list` names them");
    }
    let wanted = |target: &&Target| names.is_empty() || names.contains(&target.name);
    Ok(targets.iter().filter(wanted).collect())
}

/// Lets one target search for `seconds`. Its corpus stays, so that the next run starts from it.
fn search(program: &Program, target: &Target, seconds: u64) -> Result<Line> {
    let log = program.log(target)?;
    let mut command = program.search(target)?;
    command.arg(format!("-max_total_time={seconds}"));
    let holds = process::logged(&mut command, &log)?;
    let text = std::fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
    Ok(Line::read(&target.name, holds, &String::from_utf8_lossy(&text), &log))
}

/// A C++ compiler, as the build of libFuzzer looks for it.
fn require_compiler() -> Result<()> {
    let name = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let found = Command::new(&name).arg("--version").output().is_ok_and(|o| o.status.success());
    if !found {
        bail!("libFuzzer needs a C++ compiler and `{name}` does not run: install g++ or set CXX");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::chosen;
    use super::program::Target;

    #[test]
    fn all_targets_run_unless_some_are_named_and_unknown_names_are_refused() {
        let target = |name: &str| Target { name: name.to_owned(), bytes_max: 1 };
        let targets = [target("a"), target("b")];
        assert_eq!(chosen(&targets, &[]).unwrap().len(), 2);
        assert_eq!(chosen(&targets, &["b".to_owned()]).unwrap()[0].name, "b");
        assert!(chosen(&targets, &["c".to_owned()]).is_err());
    }
}
