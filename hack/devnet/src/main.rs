//! `cargo demo`: a Verifier, two enclaves, two agents, one changed byte, one quarantine.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use cloister_devnet::demo::{self, Options};
use cloister_devnet::enclave::Agents;
use cloister_devnet::narrator::Narrator;
use cloister_devnet::python::Python;
use tokio::signal::unix::{SignalKind, signal};

/// Two agents talk through mutually attested channels; a changed image is refused.
///
/// Needs no privilege, no confidential hardware and no network. Ends by itself and cleans up.
#[derive(Debug, Parser)]
#[command(name = "cargo demo", version, after_help = EXAMPLES)]
struct Arguments {
    /// Which official A2A SDK the agents use. `python` installs it into a cache on first use.
    #[arg(long, value_enum, default_value_t = Sdk::Rust)]
    agents: Sdk,
    /// Leave everything running at the end, and print what to try.
    #[arg(long)]
    keep: bool,
    /// Print one summary object on the last line and nothing else.
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Examples:\n  cargo demo\n  cargo demo --agents python\n  cargo demo --keep\n  cargo demo --json | tail -1";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sdk {
    Rust,
    Python,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let told = tell(&arguments);
    // Whichever ends first: an interrupted story is dropped, and its processes with it.
    tokio::select! {
        outcome = told => outcome.map(|()| ExitCode::SUCCESS),
        signal = interrupted() => signal.map(|()| ExitCode::from(if arguments.keep { 0 } else { 130 })),
    }
}

async fn tell(arguments: &Arguments) -> anyhow::Result<()> {
    let agents = match arguments.agents {
        Sdk::Rust => Agents::Rust,
        Sdk::Python => Agents::Python(Python::with_a2a_sdk().await?),
    };
    let narrator = Narrator::new(arguments.json);
    let options = Options { agents, keep: arguments.keep, narrator };
    let summary = demo::run(&options).await?;
    if arguments.json {
        writeln!(std::io::stdout(), "{}", serde_json::to_string(&summary)?)?;
    }
    Ok(())
}

async fn interrupted() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupt = tokio::signal::ctrl_c() => Ok(interrupt?),
        _ = terminate.recv() => Ok(()),
    }
}
