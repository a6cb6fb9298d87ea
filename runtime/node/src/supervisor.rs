//! Runs the agent: starts it, restarts it, and stops it for certain.
//!
//! A [`Supervisor`] exists only while the runtime is admitted; making one starts the agent and
//! dropping one kills it. The agent leads a process group of its own, and stopping means the whole
//! group.

mod guard;
mod output;
mod process;

use core::time::Duration;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use cloister_attestation::code::{Code, Diagnostic};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use crate::backoff::Backoff;
use crate::config::Output;
use crate::limits::KILL_TIMEOUT;
use crate::metrics::Counter;
use crate::random;
pub use guard::{GUARD, become_agent};
pub(crate) use process::{Pipes, Process};

cloister_attestation::codes! {
    /// The agent's program could not be started.
    SPAWN = "node.agent.spawn", Operator, "",
        "Make the first element of workload.command the path of a program that cloisterd may run.",
        "The program does not exist, is not executable, or its working folder does not exist. The runtime keeps trying, more and more slowly, and reports itself as not ready.";
    /// A process of the agent's group outlived SIGKILL.
    LINGERS = "node.agent.lingers", Cloister, "",
        "Stop the virtual machine: a process of the agent cannot be killed from inside.",
        "After SIGTERM, the grace period and SIGKILL, a process of the agent's group still runs. That happens to a process that is stuck in the kernel. The channels are closed all the same.";
}

/// Why the agent is not what it should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// The program could not be started.
    #[error("cannot start {}", .program.display())]
    Spawn {
        /// The program's path.
        program: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// A process of the agent's group outlived SIGKILL.
    #[error("process group {group} is still there after SIGKILL")]
    Lingers {
        /// The process group's id.
        group: i32,
    },
}

impl Diagnostic for AgentError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Spawn { .. } => &SPAWN,
            Self::Lingers { .. } => &LINGERS,
        }
    }
}

/// What to run. Nothing is inherited from the runtime but the root folder and the user.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Program {
    /// The executable file.
    pub executable: PathBuf,
    /// Arguments after the program's name.
    pub arguments: Vec<String>,
    /// Working folder.
    pub directory: PathBuf,
    /// The whole environment.
    pub environment: BTreeMap<String, String>,
    /// What happens to what it prints.
    pub output: Output,
    /// What its output is called in the log, in front of the stream's name; nothing for the agent's.
    pub label: Option<String>,
    /// The runtime's own program, which becomes the agent and so dies with the runtime; see
    /// [`become_agent`]. Without it, an agent outlives a runtime that is killed.
    pub guard: Option<PathBuf>,
    /// The fence that it runs within, as an encoded plan. Takes a guard.
    pub fence: Option<Arc<str>>,
}

impl Program {
    /// A program without arguments and with an empty environment, whose output is logged.
    #[must_use]
    pub fn new(executable: impl Into<PathBuf>, directory: impl Into<PathBuf>) -> Self {
        Self {
            executable: executable.into(),
            arguments: Vec::new(),
            directory: directory.into(),
            environment: BTreeMap::new(),
            output: Output::Log,
            label: None,
            guard: None,
            fence: None,
        }
    }
}

/// How patient the supervisor is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Patience {
    /// Waits between restarts.
    pub backoff: Backoff,
    /// An agent that ran this long is healthy: its next restart is the first again.
    pub healthy_after: Duration,
    /// Between SIGTERM and SIGKILL.
    pub grace: Duration,
}

impl Patience {
    /// The schedule for production, with the grace period that the agent asks for.
    #[must_use]
    pub const fn new(grace: Duration) -> Self {
        let backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(30));
        Self { backoff, healthy_after: Duration::from_secs(60), grace }
    }
}

/// What the agent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AgentState {
    /// It runs under this process id.
    Running(u32),
    /// It ended, or did not start, this many times in a row; the next start is due.
    Waiting(u32),
    /// It was stopped and is gone.
    Stopped,
}

/// Where supervisors write down what the agent is doing, for everybody to read.
#[derive(Debug)]
pub struct Board {
    state: watch::Sender<AgentState>,
    starts: Counter,
}

impl Default for Board {
    fn default() -> Self {
        Self { state: watch::Sender::new(AgentState::Stopped), starts: Counter::default() }
    }
}

impl Board {
    /// What the agent is doing, as it changes.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<AgentState> {
        self.state.subscribe()
    }

    /// How often its program was started.
    #[must_use]
    pub fn starts(&self) -> u64 {
        self.starts.total()
    }
}

/// A running agent, restarted until it is stopped. Dropping it kills the agent.
#[derive(Debug)]
pub struct Supervisor {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<(), AgentError>>,
}

impl Supervisor {
    /// Starts the agent, and writes on `board` what it does. Must be called on a tokio runtime.
    #[must_use]
    pub fn start(program: Program, patience: Patience, board: Arc<Board>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(supervise(program, patience, stopped, board));
        Self { stop: Some(stop), task }
    }

    /// Stops the agent: SIGTERM, the grace period, SIGKILL. Returns when its group is gone.
    ///
    /// # Errors
    /// [`AgentError::Lingers`] if a process of the group is still there.
    pub async fn stop(mut self) -> Result<(), AgentError> {
        drop(self.stop.take());
        match (&mut self.task).await {
            Ok(result) => result,
            Err(panicked) => {
                // Unwinding dropped the process, which killed its group.
                error!(error = %panicked, "the supervisor ended early");
                Ok(())
            }
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn supervise(
    program: Program,
    patience: Patience,
    mut stop: oneshot::Receiver<()>,
    board: Arc<Board>,
) -> Result<(), AgentError> {
    let mut failures: u32 = 0;
    loop {
        let began = Instant::now();
        let stopped = run_once(&program, &patience, &mut stop, &board).await?;
        if stopped {
            break;
        }
        failures =
            if began.elapsed() >= patience.healthy_after { 1 } else { failures.saturating_add(1) };
        board.state.send_replace(AgentState::Waiting(failures));
        let delay = patience.backoff.delay(failures, random::draw());
        tokio::select! {
            biased;
            _ = &mut stop => break,
            () = tokio::time::sleep(delay) => {}
        }
    }
    board.state.send_replace(AgentState::Stopped);
    Ok(())
}

/// One life of the agent. True when it ended because it was stopped.
async fn run_once(
    program: &Program,
    patience: &Patience,
    stop: &mut oneshot::Receiver<()>,
    board: &Board,
) -> Result<bool, AgentError> {
    let mut process = match Process::spawn(program, Pipes::None) {
        Ok(process) => process,
        Err(error) => {
            error!(code = error.code().id, error = %error, cause = ?std::error::Error::source(&error), help = error.remedy(), "the agent did not start");
            return Ok(false);
        }
    };
    board.starts.add_one();
    board.state.send_replace(AgentState::Running(process.id()));
    info!(pid = process.id(), program = %program.executable.display(), "agent started");
    let stopped = tokio::select! {
        biased;
        _ = stop => true,
        status = process.ended() => {
            warn!(pid = process.id(), status, "agent ended");
            false
        }
    };
    // What the agent left behind in its group goes too: the next life starts alone.
    let grace = if stopped { patience.grace } else { Duration::ZERO };
    process.terminate(grace, KILL_TIMEOUT).await?;
    if stopped {
        info!(pid = process.id(), "agent stopped");
    }
    Ok(stopped)
}

#[cfg(test)]
mod tests;
