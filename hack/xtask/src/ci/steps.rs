//! The steps of `cargo ci`, cheapest first.

use std::process::Command;

use anyhow::{Context as _, Result};

use super::{Context, Ending, Outcome, Step};
use crate::{guest, platforms, process, program, release, supply, vectors};

pub(super) const ALL: &[Step] = &[
    Step { name: "fmt", what: "formatting", run: fmt },
    Step { name: "tidy", what: "sizes, imports, purity, codes, documentation, text", run: tidy },
    Step { name: "clippy", what: "lints, warnings denied", run: clippy },
    Step { name: "build", what: "all programs and tests", run: build },
    Step { name: "tests", what: "all tests", run: tests },
    Step { name: "doctests", what: "examples in the documentation", run: doctests },
    Step { name: "docs", what: "documentation, broken links denied", run: docs },
    Step { name: "vectors", what: "recorded evidence against its expected outcome", run: recorded },
    Step {
        name: "codes",
        what: "every declared error code is explained by the program",
        run: codes,
    },
    Step {
        name: "supply",
        what: "licences, banned and duplicate crates, sources",
        run: supply_chain,
    },
    Step { name: "deny", what: "the same by cargo deny", run: deny },
    Step {
        name: "platforms",
        what: "launch recipes, as far as that goes without clouds and hardware",
        run: recipes,
    },
    Step {
        name: "release",
        what: "the runtime's size in an image, no simulator in shipped programs",
        run: shipped,
    },
    Step { name: "machines", what: "virtual machines from images, in software", run: machines },
];

impl Context {
    fn cargo(&self, args: &[&str], environment: &[(&str, &str)]) -> Result<Outcome> {
        let mut command = Command::new(process::cargo());
        command.current_dir(&self.workspace.root).args(args).envs(environment.iter().copied());
        command.env("CARGO_TERM_COLOR", "never");
        if process::logged(&mut command, &self.log)? {
            Ok(Outcome::passed(""))
        } else {
            Outcome::from_log(&self.log)
        }
    }

    /// Runs the tests that `nextest` chooses; where that is not installed, those that `plain` does.
    fn tests(&self, nextest: &[&str], plain: &[&str]) -> Result<Outcome> {
        let has_nextest = process::has_cargo(&self.workspace.root, "nextest");
        let (command, chosen, closing): (&[&str], _, _) = if has_nextest {
            (&["nextest", "run", "--locked", "--profile", "ci"], nextest, " tests run: ")
        } else {
            (&["test", "--locked"], plain, "test result: ")
        };
        let mut outcome = self.cargo(&[command, chosen].concat(), &[])?;
        let log = std::fs::read_to_string(&self.log)?;
        if let Some(line) = log.lines().rev().find(|line| line.contains(closing)) {
            println!("{line}");
            outcome.summary = line.trim().to_owned();
        }
        Ok(outcome)
    }

    /// Runs a task of this program in a process of its own, so that its output is logged too.
    fn task(&self, args: &[&str]) -> Result<Outcome> {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.workspace.root).args(args);
        if !process::logged(&mut command, &self.log)? {
            return Outcome::from_log(&self.log);
        }
        let log = std::fs::read_to_string(&self.log)?;
        Ok(Outcome::passed(log.lines().last().unwrap_or_default()))
    }

    /// Runs a task that asks `cloister`: the one that the step `build` makes, so that it is not
    /// built once more, and never one of yesterday.
    fn asking(&self, task: &[&str]) -> Result<Outcome> {
        let built = build(self)?;
        if built.ending != Ending::Passed {
            return Ok(built);
        }
        let program = program::built(&self.workspace);
        let program = program.to_str().context("the target folder is not UTF-8")?;
        self.task(&[task, &["--program", program]].concat())
    }
}

fn fmt(context: &Context) -> Result<Outcome> {
    context.cargo(&["fmt", "--all", "--check"], &[])
}

fn tidy(context: &Context) -> Result<Outcome> {
    context.task(&["tidy"])
}

fn clippy(context: &Context) -> Result<Outcome> {
    context
        .cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"], &[])
}

/// The test runner builds the programs of the crate under test only; these tests start them all.
/// Built together with the tests, so that nothing is compiled twice for two sets of features.
fn build(context: &Context) -> Result<Outcome> {
    context.cargo(&["build", "--workspace", "--all-targets", "--locked"], &[])
}

fn tests(context: &Context) -> Result<Outcome> {
    context.tests(&["--workspace"], &["--workspace", "--all-targets", "--quiet"])
}

fn doctests(context: &Context) -> Result<Outcome> {
    context.cargo(&["test", "--workspace", "--doc", "--locked", "--quiet"], &[])
}

fn docs(context: &Context) -> Result<Outcome> {
    let flags = [("RUSTDOCFLAGS", "-D warnings -D rustdoc::broken_intra_doc_links")];
    context.cargo(&["doc", "--workspace", "--no-deps", "--locked"], &flags)
}

fn recorded(context: &Context) -> Result<Outcome> {
    let root = vectors::default_root(&context.workspace);
    if !root.is_dir() {
        return Ok(Outcome::skipped(format!(
            "{} is not there; set CLOISTER_VECTORS",
            root.display()
        )));
    }
    context.asking(&["vectors"])
}

fn codes(context: &Context) -> Result<Outcome> {
    context.asking(&["codes", "--check"])
}

fn supply_chain(context: &Context) -> Result<Outcome> {
    let mut outcome = supply::check(&context.workspace)?;
    outcome
        .summary
        .push_str("; the advisory database is not reached from every machine and is not consulted");
    Ok(outcome)
}

fn deny(context: &Context) -> Result<Outcome> {
    if !process::has_cargo(&context.workspace.root, "deny") {
        return Ok(Outcome::skipped(
            "cargo deny is not installed; the step before read the same deny.toml",
        ));
    }
    context.cargo(&["deny", "--locked", "check", "licenses", "bans", "sources"], &[])
}

fn recipes(context: &Context) -> Result<Outcome> {
    platforms::check(&context.workspace)
}

fn shipped(context: &Context) -> Result<Outcome> {
    release::check(&context.workspace, &context.log)
}

/// They need the programs of the steps `build` and `release`.
fn machines(context: &Context) -> Result<Outcome> {
    let built = build(context)?;
    if built.ending != Ending::Passed {
        return Ok(built);
    }
    if !guest::build_all(&context.workspace, |command| process::logged(command, &context.log))? {
        return Outcome::from_log(&context.log);
    }
    let chosen = "test(/^(machines|measured_boot)::/)";
    let plain =
        "--workspace --test end_to_end -- --ignored --test-threads 1 machines:: measured_boot::";
    let plain: Vec<&str> = plain.split(' ').collect();
    context.tests(&["--workspace", "--run-ignored", "only", "-E", chosen], &plain)
}
