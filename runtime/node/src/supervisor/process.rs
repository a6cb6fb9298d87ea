//! One process group: started, observed, and ended for certain.

use core::time::Duration;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinSet;
use tracing::error;

use super::output::forward;
use super::{AgentError, Program, guard};
use crate::config::Output;

/// A process that leads a group. Dropping it kills the group.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    group: Pid,
    gone: bool,
    output: JoinSet<()>,
}

/// Who has a process's standard input and output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pipes {
    /// Nobody: there is no input, and the output is printed.
    None,
    /// Whoever started it, see [`Process::pipes`].
    Held,
}

impl Process {
    /// Starts `program` in a group of its own, with nothing inherited.
    pub(crate) fn spawn(program: &Program, pipes: Pipes) -> Result<Self, AgentError> {
        let failed = |source| AgentError::Spawn { program: program.executable.clone(), source };
        let print = || match program.output {
            Output::Log => Stdio::piped(),
            Output::Discard => Stdio::null(),
        };
        let mut command = match &program.guard {
            Some(guard) => guard::command(guard, program),
            None if program.fence.is_none() => Command::new(&program.executable),
            // SECURITY: nobody would put it up.
            None => return Err(failed(std::io::Error::other("a fence takes a guard"))),
        };
        // Within a fence, the folder is the agent's and not the machine's.
        let directory =
            if program.fence.is_some() { Path::new("/") } else { program.directory.as_path() };
        let (stdin, stdout) = match pipes {
            Pipes::None => (Stdio::null(), print()),
            Pipes::Held => (Stdio::piped(), Stdio::piped()),
        };
        let mut child = command
            .args(&program.arguments)
            .current_dir(directory)
            .env_clear()
            .envs(&program.environment)
            .stdin(stdin)
            .stdout(stdout)
            .stderr(print())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw)
            .ok_or_else(|| failed(std::io::Error::other("the system gave no process id")))?;
        let mut output = JoinSet::new();
        let name = |stream| match &program.label {
            Some(label) => format!("{label} {stream}"),
            None => String::from(stream),
        };
        if pipes == Pipes::None {
            child.stdout.take().map(|stream| output.spawn(forward(stream, name("stdout"))));
        }
        child.stderr.take().map(|stream| output.spawn(forward(stream, name("stderr"))));
        Ok(Self { child, group, gone: false, output })
    }

    /// Its standard input and output, once, if they are [`Pipes::Held`].
    pub(crate) fn pipes(&mut self) -> Option<(ChildStdin, ChildStdout)> {
        self.child.stdin.take().zip(self.child.stdout.take())
    }

    /// The leader's process id, which is also the group's.
    pub(crate) fn id(&self) -> u32 {
        self.group.as_raw_nonzero().get().unsigned_abs()
    }

    /// Waits for the leader to end; says how, in words. Cancel-safe.
    pub(crate) async fn ended(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(error) => format!("unknown: {error}"),
        }
    }

    /// SIGTERM, `grace`, SIGKILL, and then up to `patience` until no process of the group is left.
    /// What the group printed before has been forwarded when this returns.
    pub(crate) async fn terminate(
        &mut self,
        grace: Duration,
        patience: Duration,
    ) -> Result<(), AgentError> {
        let mut gone = false;
        if !grace.is_zero() {
            self.signal(Signal::TERM);
            gone = self.vanishes_within(grace).await;
        }
        if !gone {
            self.signal(Signal::KILL);
            gone = self.vanishes_within(patience).await;
        }
        self.gone = gone;
        // A pipe that outlives the group is held by a process that left it; it is not waited for.
        drop(
            tokio::time::timeout(OUTPUT_DRAIN, async {
                while self.output.join_next().await.is_some() {}
            })
            .await,
        );
        if gone {
            Ok(())
        } else {
            Err(AgentError::Lingers { group: self.group.as_raw_nonzero().get() })
        }
    }

    fn signal(&self, signal: Signal) {
        match kill_process_group(self.group, signal) {
            // No such process: everything in the group has ended and been reaped.
            Ok(()) | Err(Errno::SRCH) => {}
            Err(errno) => error!(group = %self.id(), error = %errno, "cannot signal the agent"),
        }
    }

    async fn vanishes_within(&mut self, limit: Duration) -> bool {
        let began = Instant::now();
        loop {
            // Reaps the leader, which would otherwise stay as a zombie and keep the group alive.
            let reaped = !matches!(self.child.try_wait(), Ok(None));
            if reaped && is_gone(self.group) {
                return true;
            }
            if began.elapsed() >= limit {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.gone {
            self.signal(Signal::KILL);
        }
    }
}

/// Whether no process of the group runs. A zombie that its new parent has not reaped does not run.
fn is_gone(group: Pid) -> bool {
    test_kill_process_group(group) == Err(Errno::SRCH)
        || std::fs::read_dir("/proc").is_ok_and(|entries| {
            !entries.flatten().any(|entry| runs_in(&entry.path(), group.as_raw_nonzero().get()))
        })
}

// SPEC: proc(5), /proc/pid/stat: pid (comm) state ppid pgrp; comm may contain anything but its end.
fn runs_in(process: &Path, group: i32) -> bool {
    let Ok(stat) = std::fs::read_to_string(process.join("stat")) else { return false };
    let mut fields = stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace();
    let (state, pgrp) = (fields.next(), fields.nth(1).and_then(|field| field.parse::<i32>().ok()));
    pgrp == Some(group) && !matches!(state, Some("Z" | "X"))
}

/// How often a vanishing group is looked at: short against any grace period, long against a look.
const POLL: Duration = Duration::from_millis(5);

/// How long output that is already in the pipe may take to be forwarded.
const OUTPUT_DRAIN: Duration = Duration::from_millis(200);

/// Whether the process runs: it exists and is no zombie.
#[cfg(test)]
pub(super) fn runs(pid: &str) -> bool {
    let stat =
        std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .and_then(|rest| rest.split_ascii_whitespace().next())
        .is_some_and(|state| !matches!(state, "Z" | "X"))
}
