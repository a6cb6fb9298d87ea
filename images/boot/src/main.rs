//! `cloister image boot`, which starts this program: see its `--help`.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool: what it prints is its result"
)]

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;
use cloister_boot::arguments::Arguments;
use cloister_boot::session::{Compared, End, Outcome, Session};

const MISUSE: u8 = 1;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let status = if error.use_stderr() { MISUSE } else { 0 };
            // Nothing is left to do if not even the complaint can be printed.
            let _ = error.print();
            return status.into();
        }
    };
    match boot(&arguments) {
        Ok(outcome) => {
            print(&outcome, arguments.json);
            outcome.status().into()
        }
        Err(error) if arguments.json => {
            println!("{}", serde_json::json!({ "error": format!("{error:#}") }));
            MISUSE.into()
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            MISUSE.into()
        }
    }
}

fn boot(arguments: &Arguments) -> Result<Outcome> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let session = Session::prepare(arguments).await?;
        if !arguments.json {
            println!("SIMULATED: signed by a software TEE, which proves nothing about hardware.");
            println!("qemu: {}", session.qemu().display());
            println!("accelerator: {}\n", session.accelerator().name());
            if let Some(comparison) = session.comparison() {
                println!("{comparison}");
            }
        }
        let show = |line: &str| {
            if arguments.console {
                eprintln!("{line}");
            }
        };
        session.run(arguments, show).await
    })
}

fn print(outcome: &Outcome, json: bool) {
    if json {
        println!("{}", serde_json::json!(outcome));
        return;
    }
    if let Compared::Boot(comparison) = &outcome.comparison {
        println!("measured by the machine itself, and quoted by its TPM");
        println!("{comparison}");
    }
    if let Some(after) = outcome.admitted_after_ms {
        println!("admitted after {after} ms");
    }
    for finding in &outcome.findings {
        println!("refused: {}: expected {}", finding.code, finding.expected);
    }
    println!(
        "{}",
        match outcome.end {
            End::Admitted => "ended once it was admitted",
            End::Guest => "the guest ended",
            End::Timeout => "ended after the time that was given",
            End::Interrupted => "interrupted",
        }
    );
}
