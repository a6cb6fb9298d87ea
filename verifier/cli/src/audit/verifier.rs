//! What the Verifier was shown of logs, held against the log that is here.

use cloister_api::v1::{AuditCheckpoint, ListCheckpointsRequest};
use cloister_audit::record::Predecessor;
use cloister_audit::{AuditError, Event, SignedCheckpoint};
use serde_json::{Value, json};

use super::error::AuditCommandError;
use super::log::Log;
use super::verdict::extends;
use crate::arguments::ConnectionArguments;
use crate::operator;

/// The newest checkpoint of every runtime, as the Verifier has it.
pub(super) struct Remembered(Vec<AuditCheckpoint>);

impl Remembered {
    /// Asks the Verifier.
    pub(super) fn ask(connection: &ConnectionArguments) -> Result<Self, AuditCommandError> {
        let listed = operator::attempt(connection, async |mut operator| {
            let answer = operator.client.list_checkpoints(ListCheckpointsRequest {}).await;
            operator.message(answer)
        })?;
        Ok(Self(listed.checkpoints))
    }

    /// That `log` extends what its runtime showed, that nobody was shown another one, and that the
    /// log which it found of the boot before is no older than what that boot showed.
    pub(super) fn check(&self, log: &Log) -> Result<(), AuditCommandError> {
        let instance = log.progress.origin.instance();
        let of = self.of(&instance).ok_or_else(|| AuditCommandError::Unknown(instance.clone()))?;
        extends(log, &SignedCheckpoint::parse(&of.signed)?)?;
        if let Some(conflict) = of.conflicts.first() {
            let reason = conflict.reason.clone();
            return Err(AuditCommandError::Conflict { instance, reason });
        }
        match predecessor(log).and_then(|found| Some((found, self.of(&found.instance)?))) {
            Some((found, shown)) if found.size < shown.size => Err(AuditError::Disagrees {
                size: shown.size,
                reason: "the log of the boot before had fewer of them when this one began",
            }
            .into()),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether a runtime of that instance showed its log, and so was leased.
    pub(super) fn knows(&self, instance: &str) -> bool {
        self.of(instance).is_some()
    }

    /// What the Verifier was shown, in a line.
    pub(super) fn line(&self, log: &Log) -> String {
        self.of(&log.progress.origin.instance()).map_or_else(String::new, |of| {
            format!("verifier   was shown {} records, which are the first of these\n", of.size)
        })
    }

    /// The same for programs.
    pub(super) fn told(&self, log: &Log) -> Value {
        let known = log.progress.witnesses.iter().map(|vouch| &vouch.instance);
        let known: Vec<&String> = known.filter(|instance| self.knows(instance)).collect();
        let of = self.of(&log.progress.origin.instance());
        json!({ "size": of.map(|of| of.size), "witnesses_known": known })
    }

    fn of(&self, instance: &str) -> Option<&AuditCheckpoint> {
        self.0.iter().find(|of| of.instance == instance)
    }
}

/// The log of the boot before, as this one found it.
fn predecessor(log: &Log) -> Option<&Predecessor> {
    let Event::Began(began) = &log.records.first()?.event else { return None };
    began.predecessor.as_ref()
}
