//! `cargo ci`: every check that a change has to pass, one after the other.
//!
//! A step that fails does not stop the others. Output is short: each step's full log is in
//! `target/ci`, and only the end of a failing one is printed.

mod outcome;
mod steps;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

pub(crate) use outcome::Outcome;

use crate::workspace::Workspace;
use outcome::Ending;

/// Options of `cargo ci`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Run only these steps; `--list` names them.
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    only: Vec<String>,
    /// Name the steps and end.
    #[arg(long)]
    list: bool,
}

/// What a step works with.
struct Context {
    workspace: Workspace,
    /// Where its log goes.
    log: PathBuf,
    /// A copy of this program: building the workspace replaces the one that runs.
    program: PathBuf,
}

struct Step {
    name: &'static str,
    what: &'static str,
    run: fn(&Context) -> Result<Outcome>,
}

/// Runs the steps; `true` when none failed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    if options.list {
        steps::ALL.iter().for_each(|step| println!("{:10} {}", step.name, step.what));
        return Ok(true);
    }
    let workspace = Workspace::load()?;
    let logs = workspace.target.join("ci");
    std::fs::create_dir_all(&logs).with_context(|| format!("cannot make {}", logs.display()))?;
    let program = logs.join("xtask");
    std::fs::copy(std::env::current_exe()?, &program)
        .with_context(|| format!("cannot write {}", program.display()))?;
    let mut context = Context { workspace, log: PathBuf::new(), program };
    let mut done = Vec::new();
    for step in chosen(&options.only)? {
        context.log = logs.join(format!("{}.log", step.name));
        done.push(take(step, &context));
    }
    println!("\n{:10} {:>8}  result", "step", "time");
    done.iter().for_each(|(step, took, outcome)| {
        println!("{:10} {:>8}  {}", step.name, seconds(*took), outcome.line())
    });
    Ok(done.iter().all(|(_, _, outcome)| outcome.ending != Ending::Failed))
}

fn chosen(only: &[String]) -> Result<Vec<&'static Step>> {
    if let Some(unknown) =
        only.iter().find(|name| !steps::ALL.iter().any(|step| step.name == name.as_str()))
    {
        bail!("there is no step `{unknown}`; `cargo ci --list` names them");
    }
    Ok(steps::ALL
        .iter()
        .filter(|step| only.is_empty() || only.iter().any(|name| name == step.name))
        .collect())
}

fn take(step: &'static Step, context: &Context) -> (&'static Step, Duration, Outcome) {
    println!("== {}: {}", step.name, step.what);
    let started = Instant::now();
    let outcome = (step.run)(context).unwrap_or_else(|error| Outcome::failed(format!("{error:#}")));
    let took = started.elapsed();
    outcome.details.iter().for_each(|line| println!("   {line}"));
    println!("   {} in {}", outcome.line(), seconds(took));
    (step, took, outcome)
}

fn seconds(took: Duration) -> String {
    format!("{}.{} s", took.as_secs(), took.subsec_millis() / 100)
}

#[cfg(test)]
mod tests {
    use super::{chosen, steps};

    #[test]
    fn all_steps_run_unless_some_are_named() {
        assert_eq!(chosen(&[]).unwrap().len(), steps::ALL.len());
        assert_eq!(chosen(&["tidy".to_owned()]).unwrap().len(), 1);
    }

    #[test]
    fn a_step_that_does_not_exist_is_refused() {
        assert!(chosen(&["tidy".to_owned(), "none".to_owned()]).is_err());
    }
}
