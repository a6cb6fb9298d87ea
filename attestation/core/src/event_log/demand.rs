//! What a policy demands of an event log.

use serde::{Deserialize, Serialize};

use crate::check::Check;
use crate::code::Diagnostic as _;
use crate::event_log::codes;
use crate::event_log::error::ParseError;
use crate::event_log::log::EventLog;
use crate::event_log::registers::VerifiedRegisters;
use crate::event_log::verified::VerifiedLog;
use crate::policy::Expect;

/// Demands on the event log that comes with Evidence. One that is there and does not explain the
/// registers is refused under every policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventLogDemand {
    /// What its absence means.
    pub presence: Presence,
    /// Whether a register may have more than one separator.
    pub repeated_separators: Expect<bool>,
}

/// What the absence of something means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Presence {
    /// Evidence without it is refused.
    Required,
    /// The result says `not_asserted`.
    Optional,
}

/// An event log that came with Evidence, once it is compared with what was signed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ReplayedLog {
    /// It explains the registers.
    Verified(VerifiedLog),
    /// It does not read, or does not explain them.
    Refused(Vec<Check>),
}

impl ReplayedLog {
    /// Compares `log`, if it reads, with `registers`.
    #[must_use]
    pub fn new(log: Result<EventLog, ParseError>, registers: &VerifiedRegisters) -> Self {
        let log = match log {
            Ok(log) => log,
            Err(error) => {
                let check = Check::decided(error.code(), false, "a log that reads", &error);
                return Self::Refused(vec![check]);
            }
        };
        match log.verify(registers) {
            Ok(verified) => Self::Verified(verified),
            Err(refused) => Self::Refused(refused.into_checks()),
        }
    }
}

impl EventLogDemand {
    /// The demands of the built-in policy: no repeated separators. It does not demand a log: the
    /// registers themselves are compared with Reference Values.
    #[must_use]
    pub const fn strict() -> Self {
        Self { presence: Presence::Optional, repeated_separators: Expect::Exactly(false) }
    }

    /// The checks for the log that came with the Evidence, or for its absence.
    #[must_use]
    pub fn appraise(&self, log: Option<&ReplayedLog>) -> Vec<Check> {
        match log {
            Some(ReplayedLog::Refused(checks)) => checks.clone(),
            Some(ReplayedLog::Verified(log)) => {
                let mut checks = log.checks().to_vec();
                let repeated = !log.repeated_separators().is_empty();
                checks.push(self.repeated_separators.check(&codes::SEPARATORS, &repeated));
                checks
            }
            None => vec![match self.presence {
                Presence::Required => {
                    Check::decided(&codes::ABSENT, false, "an event log", "no event log")
                }
                Presence::Optional => Check::not_asserted(&codes::ABSENT, "no event log"),
            }],
        }
    }
}
