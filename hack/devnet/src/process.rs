//! Child processes that never outlive the run.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

const GRACE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(5);

/// A child in a process group of its own, its output in a file. Killed when dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with standard output and error in `log`.
    pub fn start(name: &str, mut command: Command, log: PathBuf) -> anyhow::Result<Self> {
        let output =
            File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command
            .stdin(std::process::Stdio::null())
            .stderr(output.try_clone()?)
            .stdout(output)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name: name.to_owned(), child, log })
    }

    /// The kernel's number for it; fails once it has ended.
    pub fn id(&self) -> anyhow::Result<u32> {
        self.child.id().with_context(|| format!("{} has ended", self.name))
    }

    /// Where the output goes.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Everything written so far.
    pub fn output(&self) -> anyhow::Result<String> {
        std::fs::read_to_string(&self.log)
            .with_context(|| format!("cannot read the log of {}", self.name))
    }

    /// Waits until `ready` returns something; fails when the process ends or `limit` passes first.
    pub async fn until<T>(
        &mut self,
        what: &str,
        limit: Duration,
        ready: impl AsyncFn() -> Option<T>,
    ) -> anyhow::Result<T> {
        let start = Instant::now();
        loop {
            if let Some(value) = ready().await {
                return Ok(value);
            }
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("{} ended ({status}) before {what}:\n{}", self.name, self.output()?);
            }
            if start.elapsed() > limit {
                anyhow::bail!(
                    "{}: {what} did not come within {limit:?}:\n{}",
                    self.name,
                    self.output()?
                );
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits for the process to end by itself.
    pub async fn ended(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        match tokio::time::timeout(limit, self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => {
                anyhow::bail!("{} still runs after {limit:?}:\n{}", self.name, self.output()?)
            }
        }
    }

    /// Asks the process to stop and waits; kills it when it does not.
    pub async fn stop(mut self) -> anyhow::Result<ExitStatus> {
        self.signal(Signal::TERM)?;
        if let Ok(status) = tokio::time::timeout(GRACE, self.child.wait()).await {
            return Ok(status?);
        }
        self.child.kill().await?;
        Ok(self.child.wait().await?)
    }

    /// Ends the process the hard way, as a crash or a host would.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        if let Some(group) = self.group() {
            kill_process_group(group, signal)?;
        }
        Ok(())
    }

    fn group(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()?).ok()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(group) = self.group() {
            // The group may be gone already; there is nobody left to tell.
            let _gone = kill_process_group(group, Signal::KILL);
        }
    }
}
