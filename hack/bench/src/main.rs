//! `cargo xtask bench`: what verification and appraisal cost.
//!
//! A bar is a ratio to a reference that is measured in the same run, in turns with what it is the
//! reference of, so that a busy or slow machine changes both. One bar is a time.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool: what it prints is its result"
)]

mod admission;
mod appraise;
mod bar;
mod channel;
mod gateway;
mod image;
mod lease;
mod machine;
mod outcome;
mod policy;
mod prediction;
mod recorded;
mod signature;
mod snp;
mod tdx;
mod timing;

use std::process::ExitCode;

use clap::Parser;

use bar::{BARS, Bar};
use outcome::Outcome;

/// Measures every bar; fails unless all of them hold.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench", after_help = EXAMPLES)]
struct Arguments {
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
    /// Measure this bar only; may be given more than once.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::PossibleValuesParser::new(BARS.map(|bar| bar.name)))]
    bar: Vec<String>,
}

const EXAMPLES: &str =
    "Examples:\n  cargo xtask bench\n  cargo xtask bench --json --bar snp.verify.warm";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let chosen =
        |bar: &&Bar| arguments.bar.is_empty() || arguments.bar.iter().any(|b| b == bar.name);
    if !arguments.json {
        println!("{}", outcome::HEADING);
    }
    let mut all_hold = true;
    for bar in BARS.iter().filter(chosen) {
        let outcome = Outcome::of(bar, (bar.measure)());
        all_hold &= outcome.holds();
        if arguments.json {
            println!("{}", outcome.json())
        } else {
            println!("{outcome}")
        }
        if let Some(reason) = outcome.failure() {
            eprintln!("error: {}: {reason}", bar.name);
        }
    }
    if all_hold { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
