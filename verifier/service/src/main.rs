//! `cloister-verifier`: the service as a process.
#![forbid(unsafe_code)]

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use cloister_attestation::code::Diagnostic;
use cloister_verifier::{Clock, Config, Verifier, telemetry};
use tokio::signal::unix::{SignalKind, signal};

/// Appraises Evidence, admits measured images, issues leases, registers agents, revokes.
#[derive(Debug, Parser)]
#[command(name = "cloister-verifier", version)]
struct Arguments {
    /// The configuration file; verifier.example.toml documents every key.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Check the configuration and the files that it names, and do nothing else.
    #[arg(long)]
    check_config: bool,
}

/// A wrong configuration or command line; as `clap` exits for the latter.
const MISUSE: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let config = match Config::load(&arguments.config) {
        Ok(config) => config,
        Err(refused) => return failed(&refused, MISUSE),
    };
    if arguments.check_config {
        return said(&format!("{}: ok\n", arguments.config.display()));
    }
    if let Err(error) = telemetry::start(&config.log) {
        return told(&format!("error: {error}\n"), MISUSE);
    }
    match run(config) {
        Ok(code) => code,
        Err(error) => told(&format!("error: {error:#}\n"), 1),
    }
}

fn run(config: Config) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let verifier = match Verifier::start(config, Clock::system()).await {
            Ok(verifier) => verifier,
            Err(refused) => return Ok(failed(&refused, 1)),
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        verifier.stop().await;
        Ok(ExitCode::SUCCESS)
    })
}

/// Prints the error with its causes, its code and its remedy.
fn failed(refused: &dyn Diagnostic, status: u8) -> ExitCode {
    let causes = std::iter::successors(refused.source(), |cause| cause.source());
    let line = causes.fold(refused.to_string(), |line, cause| format!("{line}: {cause}"));
    let (code, fault, remedy) = (refused.code().id, refused.fault(), refused.remedy());
    told(&format!("error[{code}]: {line}\nfault: {fault}\nhelp: {remedy}\n"), status)
}

fn said(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn told(text: &str, status: u8) -> ExitCode {
    // Where standard error is closed, the status still says it.
    let _ = io::stderr().write_all(text.as_bytes());
    ExitCode::from(status)
}
