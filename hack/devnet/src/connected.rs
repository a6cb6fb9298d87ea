//! A person's machine: `cloister connect`, running.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tokio::process::Command;

use crate::process::Process;

const OPEN_LIMIT: Duration = Duration::from_secs(30);

/// A `cloister connect` that opened its port, or ended.
#[derive(Debug)]
pub struct Connected {
    process: Process,
    /// What it printed first.
    pub answer: Value,
    /// The exit code, if it has ended.
    pub exit: Option<i32>,
}

impl Connected {
    /// Starts `command`, whose output goes below `folder`, and waits for the first line of it.
    pub(crate) async fn open(command: Command, folder: &Path) -> anyhow::Result<Self> {
        let log = tempfile::Builder::new().prefix("connect-").tempfile_in(folder)?;
        let (_, log) = log.keep()?;
        let mut process = Process::start("cloister connect", command, log.clone())?;
        let opened = process.until("its port", OPEN_LIMIT, async || first_line(&log)).await;
        let exit = match &opened {
            Ok(answer) if answer.get("listen").is_some() => None,
            _ => process.ended(OPEN_LIMIT).await?.code(),
        };
        let answer = first_line(&log).context("cloister connect said nothing")?;
        Ok(Self { process, answer, exit })
    }

    /// Where an A2A client finds the agent.
    #[must_use]
    pub fn url(&self) -> String {
        self.answer.get("listen").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Waits until it ends by itself: the exit code, and everything that it printed.
    pub async fn ended(mut self) -> anyhow::Result<(Option<i32>, String)> {
        let status = self.process.ended(OPEN_LIMIT).await?;
        Ok((status.code(), self.process.output()?))
    }

    /// Ends it as a person does.
    pub async fn stop(self) -> anyhow::Result<Option<i32>> {
        Ok(self.process.stop().await?.code())
    }
}

/// The first complete line, if it is JSON.
fn first_line(log: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(log).ok()?;
    let (line, _) = text.split_once('\n')?;
    serde_json::from_str(line).ok()
}
