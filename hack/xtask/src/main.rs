//! Project tasks. `cargo ci` decides whether a change is good; the others are its parts.
//!
//! This program depends on no crate of the workspace: it still runs while they do not compile.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool: what it prints is its result"
)]

mod bench;
mod ci;
mod codes;
mod demo;
mod fuzz;
mod graph;
mod guest;
mod mesh;
mod platforms;
mod process;
mod program;
mod release;
mod supply;
mod tidy;
mod vectors;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Project tasks.
#[derive(Debug, Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Measures what verification and appraisal cost, built as released; fails unless every bar
    /// holds. Not part of `cargo ci`: how fast a machine is says nothing about a change.
    Bench(bench::Options),
    /// Everything that a change has to pass, with a table at the end. Also `cargo ci`.
    Ci(ci::Options),
    /// Writes the list of error codes that `cloister explain` shows for programs it does not link.
    Codes(codes::Options),
    /// Builds what is needed and runs the demo. Also `cargo demo`.
    Demo(demo::Options),
    /// Searches for inputs that break a parser's promise, with libFuzzer.
    Fuzz(fuzz::Options),
    /// Builds the programs that go into images, linked statically.
    Guest(guest::Options),
    /// Measures what many runtimes cost, each with a channel to every other.
    Mesh(mesh::Options),
    /// Checks the launch recipes for clouds and bare metal. Part of `cargo ci`, with what is installed.
    Platforms(platforms::Options),
    /// Checks sizes, imports, purity, error codes, documentation and text.
    Tidy(tidy::Options),
    /// Runs every recorded case through `cloister evidence verify` and compares.
    Vectors(vectors::Options),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Bench(options) => bench::run(&options),
        Task::Ci(options) => ci::run(&options),
        Task::Codes(options) => codes::run(&options),
        Task::Demo(options) => demo::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Guest(options) => guest::run(&options),
        Task::Mesh(options) => mesh::run(&options),
        Task::Platforms(options) => platforms::run(&options),
        Task::Tidy(options) => tidy::run(&options),
        Task::Vectors(options) => vectors::run(&options),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::{Arguments, Task};

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_measuring_program_gets_every_word_that_follows() {
        let words = ["xtask", "bench", "--json", "--bar", "appraise"];
        let Task::Bench(options) = Arguments::try_parse_from(words).unwrap().task else {
            panic!("`bench` is the measuring");
        };
        assert_eq!(options.arguments, ["--json", "--bar", "appraise"]);
    }

    #[test]
    fn the_demo_gets_every_word_that_follows() {
        let words = ["xtask", "demo", "--json", "--agents", "python"];
        let Task::Demo(options) = Arguments::try_parse_from(words).unwrap().task else {
            panic!("`demo` is the demo");
        };
        assert_eq!(options.arguments, ["--json", "--agents", "python"]);
    }
}
