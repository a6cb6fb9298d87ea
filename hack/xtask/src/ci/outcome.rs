//! How a step ended.

use std::path::Path;

use anyhow::{Context as _, Result};

/// Lines of a failing step's log that are printed.
const TAIL_LINES: usize = 60;

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Passed,
    Failed,
    /// Could not run here; says why.
    Skipped,
}

/// How a step ended, in one line, and what to show with it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(super) ending: Ending,
    pub(super) summary: String,
    pub(super) details: Vec<String>,
}

impl Outcome {
    /// Passed, with what was measured.
    pub(crate) fn passed(summary: impl Into<String>) -> Self {
        Self { ending: Ending::Passed, summary: summary.into(), details: Vec::new() }
    }

    /// Failed for one reason.
    pub(crate) fn failed(summary: impl Into<String>) -> Self {
        Self { ending: Ending::Failed, summary: summary.into(), details: Vec::new() }
    }

    /// Did not run.
    pub(crate) fn skipped(why: impl Into<String>) -> Self {
        Self { ending: Ending::Skipped, summary: why.into(), details: Vec::new() }
    }

    /// Passed if there are no problems.
    pub(crate) fn of(summary: String, problems: Vec<String>) -> Self {
        if problems.is_empty() {
            return Self::passed(summary);
        }
        Self { details: problems, ..Self::failed(summary) }
    }

    /// With more lines to show, whatever the ending.
    pub(crate) fn with_details(mut self, more: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(more);
        self
    }

    /// Failed, with the end of what was logged.
    pub(crate) fn from_log(log: &Path) -> Result<Self> {
        let text = std::fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let skipped = lines.len().saturating_sub(TAIL_LINES);
        let details = lines.iter().skip(skipped).map(|line| (*line).to_owned()).collect();
        Ok(Self { details, ..Self::failed(format!("see {}", log.display())) })
    }

    pub(super) fn line(&self) -> String {
        let word = match self.ending {
            Ending::Passed => "ok",
            Ending::Failed => "FAILED",
            Ending::Skipped => "skipped",
        };
        if self.summary.is_empty() { word.to_owned() } else { format!("{word}: {}", self.summary) }
    }
}
