//! `cloisterd`: reads two files, runs the runtime, and ends with a status that says how.
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser;
use cloister_attestation::code::Diagnostic;
use cloister_guest::fence::{FenceError, INSIDE, OUTSIDE, inside, outside};
use cloister_node::config::LogFormat;
use cloister_node::declared_image::DeclaredImage;
use cloister_node::enrol::EnrolError;
use cloister_node::supervisor::{GUARD, become_agent};
use cloister_node::{
    AgentConfig, BootError, NodeConfig, Runtime, Surroundings, guest, logging, workload,
};
use cloister_policy::PolicyBundle;
use mimalloc::MiMalloc;
use tokio::signal::unix::{SignalKind, signal};

/// A call through two runtimes takes a fifth less of the processor than with the C library's: see
/// DESIGN.md 59.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The runtime inside a confidential VM: enrols with a Verifier, runs one agent, and carries its
/// traffic over attested channels.
///
/// Ends with 0 after SIGTERM or SIGINT, 1 when it cannot start, 2 when the Verifier refuses
/// admission, 3 when there is no conclusion: no TEE, or no usable answer.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    files: Option<Files>,
    /// Read and check both files and what they name, print the manifest's digest, and end.
    #[arg(long, requires = "Files")]
    check_config: bool,
    /// Read and check the measured file of an image whose root will be this folder, print as one
    /// JSON value what the runtime will declare in it, and end.
    #[arg(long, value_name = "DIR", exclusive = true, required_unless_present = "Files")]
    declare: Option<PathBuf>,
}

/// What a runtime reads when it starts.
#[derive(Debug, clap::Args)]
struct Files {
    /// The measured file: agent, program, policy, trust root.
    #[arg(long, value_name = "AGENT.TOML")]
    manifest: PathBuf,
    /// The host's file: addresses, Verifier, log.
    #[arg(long, value_name = "NODE.TOML")]
    config: PathBuf,
    /// Run in a guest of its own, where the fence around the agent is always up. The first process of
    /// a guest says this.
    #[arg(long, hide = true)]
    guest: bool,
}

/// As a shell says it.
const CANNOT_EXECUTE: u8 = 127;
const CANNOT_START: u8 = 1;
const REFUSED: u8 = 2;
const NO_CONCLUSION: u8 = 3;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    match words.next() {
        None if std::process::id() == 1 => return guest::run(),
        Some(word) if word == GUARD => return cannot_execute(&become_agent(words)),
        Some(word) if word == OUTSIDE => return fenced(outside(words)),
        Some(word) if word == INSIDE => return fenced(inside(words)),
        _ => {}
    }
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Standard error may be gone; the status still tells.
            let _: io::Result<()> = failure.print(&mut io::stderr());
            ExitCode::from(failure.status)
        }
    }
}

fn fenced(ended: Result<u8, FenceError>) -> ExitCode {
    ended.map_or_else(|error| cannot_execute(&error), ExitCode::from)
}

fn cannot_execute(error: &dyn Error) -> ExitCode {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    // The runtime logs what its agent prints.
    let _: io::Result<()> = writeln!(io::stderr(), "cannot start the agent: {error}{cause}");
    ExitCode::from(CANNOT_EXECUTE)
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(root) = &arguments.declare {
        return declare(root);
    }
    let files = arguments.files.as_ref().context("neither --manifest nor --declare is given")?;
    let agent = AgentConfig::load(&files.manifest).map_err(cannot_start)?;
    let node = NodeConfig::load(&files.config).map_err(cannot_start)?;
    if arguments.check_config {
        return check(&agent, &node);
    }
    logging::init(&node.log).map_err(cannot_start)?;
    let surroundings = if files.guest { Surroundings::Guest } else { Surroundings::Machine };
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(node.worker_threads)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()
        .context("cannot start the asynchronous runtime")?
        .block_on(serve(&agent, &node, surroundings))
}

/// Reading files and asking the TEE are the only things that block, and seldom do at once.
const BLOCKING_THREADS: usize = 4;

fn declare(root: &Path) -> Result<(), Failure> {
    let declared = DeclaredImage::below(root).map_err(cannot_start)?;
    writeln!(io::stdout(), "{}", declared.json()).context("cannot print")?;
    Ok(())
}

fn check(agent: &AgentConfig, node: &NodeConfig) -> Result<(), Failure> {
    logging::filter(&node.log).map_err(cannot_start)?;
    let declared = workload::declare(agent).map_err(cannot_start)?;
    PolicyBundle::parse(&declared.policy).map_err(cannot_start)?;
    let mut out = io::stdout();
    writeln!(out, "manifest {}", declared.digest).context("cannot print")?;
    writeln!(out, "workload {}", declared.manifest.workload.0).context("cannot print")?;
    writeln!(out, "policy   {}", declared.manifest.policy.0).context("cannot print")?;
    Ok(())
}

async fn serve(
    agent: &AgentConfig,
    node: &NodeConfig,
    surroundings: Surroundings,
) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot handle SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot handle SIGINT")?;
    let guard = std::env::current_exe().context("cannot find the own program")?;
    let runtime = Runtime::start(agent, node, Some(guard), surroundings).await;
    let runtime = runtime.map_err(Failure::from)?;
    let failed = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        error = runtime.failed() => Some(error),
    };
    runtime.stop().await;
    match failed {
        None => Ok(()),
        Some(error) => Err(Failure::enrolment(error, node.log.format)),
    }
}

/// What to tell whoever started the program, and the exit status.
struct Failure {
    status: u8,
    error: anyhow::Error,
    code: Option<(&'static str, &'static str)>,
    /// Printed before the error.
    findings: Vec<String>,
}

fn cannot_start(error: impl Diagnostic + Send + Sync + 'static) -> Failure {
    Failure::of(CANNOT_START, error)
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { status: CANNOT_START, error, code: None, findings: Vec::new() }
    }
}

impl From<BootError> for Failure {
    fn from(error: BootError) -> Self {
        let status =
            if matches!(error, BootError::Attester(_)) { NO_CONCLUSION } else { CANNOT_START };
        Self::of(status, error)
    }
}

impl Failure {
    fn of(status: u8, error: impl Diagnostic + Send + Sync + 'static) -> Self {
        let code = Some((error.code().id, error.remedy()));
        Self { status, error: error.into(), code, findings: Vec::new() }
    }

    /// The findings are in the log already; people get them once more, in a readable form.
    fn enrolment(error: Arc<EnrolError>, log: LogFormat) -> Self {
        let status = if error.findings().is_some() { REFUSED } else { NO_CONCLUSION };
        let readable = error.findings().filter(|_| log == LogFormat::Text).unwrap_or_default();
        let findings = readable.iter().map(ToString::to_string).collect();
        let code = Some((error.code().id, error.remedy()));
        Self { status, error: error.into(), code, findings }
    }

    fn print(&self, out: &mut impl io::Write) -> io::Result<()> {
        for finding in &self.findings {
            writeln!(out, "{finding}")?;
        }
        match self.code {
            Some((code, _)) => writeln!(out, "error[{code}]: {}", self.error)?,
            None => writeln!(out, "error: {}", self.error)?,
        }
        for cause in self.error.chain().skip(1) {
            writeln!(out, "  caused by: {cause}")?;
        }
        match self.code {
            Some((_, help)) => writeln!(out, "help: {help}"),
            None => Ok(()),
        }
    }
}
