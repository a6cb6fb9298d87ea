//! A log that was refused.

use crate::check::Check;
use crate::code::{Code, Diagnostic};
use crate::event_log::codes;

/// The log does not explain the registers, or says something else than was measured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event log is refused: {}", self.failed().map_or("", |check| check.code.id))]
pub struct LogRefused {
    pub(super) checks: Vec<Check>,
}

impl LogRefused {
    /// Every check, with at least one that failed.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Every check, by value.
    pub(super) fn into_checks(self) -> Vec<Check> {
        self.checks
    }

    fn failed(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.failed())
    }
}

impl Diagnostic for LogRefused {
    fn code(&self) -> &'static Code {
        self.failed().map_or(&codes::REPLAY, |check| check.code)
    }
}
