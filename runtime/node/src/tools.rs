//! Tool servers that are programs: started when somebody asks for one, ended when nobody does, and
//! never running where the agent may not.

use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use cloister_attestation::code::Diagnostic as _;
use cloister_gateway::{LaunchError, Launched, Launcher, ToolPlace, ToolServer, ToolServerError};
use tokio::sync::{oneshot, watch};
use tokio_util::task::TaskTracker;
use tracing::{debug, error, info, warn};

use crate::agent::Enclosure;
use crate::config::{AgentConfig, Place, Tool, ToolProgram};
use crate::limits::{KILL_TIMEOUT, TOOL_INPUT_GRACE};
use crate::phase::Phase;
use crate::random;
use crate::supervisor::{Patience, Pipes, Process, Program};

/// What programs of tool servers are run with.
#[derive(Clone, Debug)]
pub(crate) struct Ground {
    /// What they are started through.
    pub(crate) enclosure: Enclosure,
    pub(crate) phase: watch::Receiver<Phase>,
    /// Every process, until it is gone.
    pub(crate) processes: TaskTracker,
}

/// The tool servers that `config` declares.
///
/// # Errors
/// [`ToolServerError`] for one that the configuration should have refused.
pub(crate) fn servers(
    config: &AgentConfig,
    ground: &Ground,
) -> Result<Vec<ToolServer>, ToolServerError> {
    let server = |tool: &Tool| {
        let place = match &tool.place {
            Place::Elsewhere(place) => place.clone(),
            Place::Program(program) => {
                let name = tool.name.as_str();
                ToolPlace::Program(Arc::new(Runner::new(name, program, config, ground.clone())))
            }
        };
        ToolServer::new(tool.name.clone(), place, tool.exposed, tool.pins.clone())
    };
    config.tools.iter().map(server).collect()
}

/// Runs one program, as often as it is asked for.
#[derive(Debug)]
struct Runner {
    program: Program,
    patience: Patience,
    ground: Ground,
    failures: Arc<Mutex<Failures>>,
}

/// How often the program ended by itself in a row, and until when it is left alone for that.
#[derive(Debug, Default)]
struct Failures {
    count: u32,
    until: Option<Instant>,
}

impl Failures {
    fn add(&mut self, patience: &Patience, lived: Duration) {
        let was_healthy = lived >= patience.healthy_after;
        self.count = if was_healthy { 1 } else { self.count.saturating_add(1) };
        let delay = patience.backoff.delay(self.count, random::draw());
        self.until = Instant::now().checked_add(delay);
    }

    fn is_over(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() >= until)
    }
}

impl Runner {
    fn new(name: &str, program: &ToolProgram, config: &AgentConfig, ground: Ground) -> Self {
        let workload = &config.workload;
        let mut command = program.command.iter();
        let executable = command.next().map(|file| workload.base.join(file)).unwrap_or_default();
        let program = Program {
            arguments: command.cloned().collect(),
            environment: program.environment.clone(),
            output: workload.output,
            label: Some(name.to_owned()),
            guard: ground.enclosure.guard.clone(),
            fence: ground.enclosure.fence.clone(),
            ..Program::new(executable, &workload.directory)
        };
        let patience = Patience::new(workload.stop_grace);
        Self { program, patience, ground, failures: Arc::default() }
    }

    fn failed(&self, lived: Duration) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.add(&self.patience, lived);
    }
}

impl Launcher for Runner {
    fn launch(&self) -> Result<Launched, LaunchError> {
        let is_over = self.failures.lock().unwrap_or_else(PoisonError::into_inner).is_over();
        if !self.ground.phase.borrow().runs_agent() || !is_over {
            return Err(LaunchError);
        }
        let spawned = Process::spawn(&self.program, Pipes::Held);
        let mut process = spawned.map_err(|error| {
            error!(code = error.code().id, error = %error, cause = ?std::error::Error::source(&error), help = error.remedy(), "a tool server did not start");
            self.failed(Duration::ZERO);
            LaunchError
        })?;
        let (input, output) = process.pipes().ok_or(LaunchError)?;
        let (keep, kept) = oneshot::channel::<()>();
        let life = Life { process, began: Instant::now(), patience: self.patience };
        let (phase, failures) = (self.ground.phase.clone(), Arc::clone(&self.failures));
        info!(pid = life.process.id(), program = %self.program.executable.display(), "tool server started");
        self.ground.processes.spawn(life.watch(kept, phase, failures));
        Ok(Launched { input: Box::new(input), output: Box::new(output), keep: Box::new(keep) })
    }
}

/// One process, from its start to its end.
struct Life {
    process: Process,
    began: Instant,
    patience: Patience,
}

impl Life {
    async fn watch(
        mut self,
        kept: oneshot::Receiver<()>,
        mut phase: watch::Receiver<Phase>,
        failures: Arc<Mutex<Failures>>,
    ) {
        let pid = self.process.id();
        let grace = tokio::select! {
            biased;
            _ = kept => {
                // SPEC: MCP, basic/transports/stdio, "Shutdown": its input is closed first.
                let ended = tokio::time::timeout(TOOL_INPUT_GRACE, self.process.ended()).await;
                debug!(pid, ended = ended.is_ok(), "nobody needs a tool server any more");
                self.patience.grace
            }
            () = async { drop(phase.wait_for(|phase| !phase.runs_agent()).await) } => {
                self.patience.grace
            }
            status = self.process.ended() => {
                warn!(pid, status, "tool server ended");
                let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                failures.add(&self.patience, self.began.elapsed());
                Duration::ZERO
            }
        };
        // What it left behind in its group goes too.
        if let Err(error) = self.process.terminate(grace, KILL_TIMEOUT).await {
            error!(code = error.code().id, %error, help = error.remedy(), "a tool server is not gone");
        }
    }
}

#[cfg(test)]
mod tests;
