//! Cosignatures in a log, held against the checkpoints that it has.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::checkpoint::Checkpoint;
use crate::cosignature::SignedCosignature;
use crate::error::AuditError;
use crate::hash::Hash;
use crate::origin::Origin;

/// A witness's newest word for a log.
///
/// # Security
/// The witness's key signed it. Whose key that is, the log says, and its owner could have made it
/// up: somebody who attested that instance has to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Vouch {
    /// The agent that it says that it runs.
    pub agent: String,
    /// The instance that its key names.
    pub instance: String,
    /// From this size on it saw the log only grow.
    pub since: u64,
    /// Up to this size.
    pub size: u64,
}

/// What the log signed, and who vouched for it.
#[derive(Debug, Default)]
pub(super) struct Vouching {
    signed: BTreeMap<u64, Hash>,
    newest: BTreeMap<String, Vouch>,
}

impl Vouching {
    /// The log has a checkpoint.
    pub(super) fn signed(&mut self, checkpoint: &Checkpoint) {
        self.signed.insert(checkpoint.size, checkpoint.root);
    }

    /// The log has a cosignature. `is_end`: what it is over may not be there any more.
    pub(super) fn take(
        &mut self,
        bytes: &[u8],
        origin: &Origin,
        is_end: bool,
    ) -> Result<(), AuditError> {
        let signed = SignedCosignature::parse(bytes)?;
        let said = signed.statement();
        if said.log != origin.thumbprint() {
            return Err(AuditError::Cosignature("it is of another log"));
        }
        let is_gone = || is_end && self.signed.keys().next().is_none_or(|first| said.size < *first);
        match self.signed.get(&said.size) {
            Some(root) if *root == said.root => {}
            None if is_gone() => {}
            Some(_) | None => {
                return Err(AuditError::Cosignature("the log has no such checkpoint"));
            }
        }
        let instance = said.witness.instance();
        let agent = said.witness.agent.clone();
        let (since, size) = (said.since, said.size);
        self.newest.insert(instance.clone(), Vouch { agent, instance, since, size });
        Ok(())
    }

    /// The newest word of everybody.
    pub(super) fn all(&self) -> Vec<Vouch> {
        self.newest.values().cloned().collect()
    }
}
