//! Runtimes' audit logs, as far as their runtimes show them: each only grows, and is shown to its
//! peers as it is shown here.

use std::sync::Arc;

use cloister_api::v1;
use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::time::UnixTime;
use cloister_audit::{AuditError, Offer, SignedCheckpoint};
use cloister_channel::lease::LeaseClaims;

use crate::clock::Clock;
use crate::error::ServiceError;
use crate::limits::WITNESSED_MAX;
use crate::metrics::Metrics;
use crate::store::{Shown, Store};
use crate::wire;

/// Takes what runtimes show of their audit logs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    store: Store,
    clock: Clock,
    metrics: Arc<Metrics>,
}

impl Checkpoints {
    /// Over one record.
    #[must_use]
    pub const fn new(store: Store, clock: Clock, metrics: Arc<Metrics>) -> Self {
        Self { store, clock, metrics }
    }

    /// What an admitted runtime shows: its own log, and what its peers showed to it.
    ///
    /// # Errors
    /// [`ServiceError::Log`] if its own log is not the one that was shown before, or not its own.
    /// What is wrong with the logs of others is on record, and not the caller's to hear.
    pub async fn shown(
        &self,
        caller: &LeaseClaims,
        request: &v1::ShowCheckpointRequest,
    ) -> Result<(), ServiceError> {
        let now = self.clock.now();
        if request.witnessed.len() > WITNESSED_MAX {
            let expected = "as many as a runtime follows";
            return Err(ServiceError::Argument { what: "witnessed", expected });
        }
        let offer = Offer::parse(&request.checkpoint, request.consistency.iter())?;
        is_of(&offer.checkpoint, caller)?;
        self.show(&offer, caller, now).await?;
        let witness = caller.instance().to_string();
        for signed in &request.witnessed {
            self.compare(&SignedCheckpoint::parse(signed)?, &witness, now).await?;
        }
        Ok(())
    }

    /// Takes the log of the runtime that `claims` are about.
    ///
    /// # Errors
    /// [`ServiceError::Log`] if it is not the one that was shown before: then both are on record.
    pub(crate) async fn show(
        &self,
        offer: &Offer,
        claims: &LeaseClaims,
        now: UnixTime,
    ) -> Result<(), ServiceError> {
        let (agent, checkpoint) = (claims.agent.as_str(), &offer.checkpoint);
        let shown = Shown { agent, checkpoint, witness: None, at: now };
        match self.store.show_checkpoint(offer, shown).await? {
            Ok(()) => {
                self.metrics.checkpoints.increment();
                Ok(())
            }
            Err(error) => {
                self.alert(&error, shown);
                Err(error.into())
            }
        }
    }

    async fn compare(
        &self,
        checkpoint: &SignedCheckpoint,
        witness: &str,
        at: UnixTime,
    ) -> Result<(), ServiceError> {
        let agent = &checkpoint.checkpoint().origin.agent;
        let shown = Shown { agent, checkpoint, witness: Some(witness), at };
        if let Some(error) = self.store.compare_checkpoint(shown).await? {
            self.alert(&error, shown);
        }
        Ok(())
    }

    /// The newest checkpoint of every runtime, with what does not fit it.
    ///
    /// # Errors
    /// [`ServiceError::Store`].
    pub async fn list(&self) -> Result<Vec<v1::AuditCheckpoint>, ServiceError> {
        Ok(self.store.checkpoints().await?.into_iter().map(wire::checkpoint).collect())
    }

    fn alert(&self, error: &AuditError, shown: Shown<'_>) {
        self.metrics.checkpoint_conflicts.increment(error.code().id);
        tracing::error!(
            code = error.code().id,
            agent = shown.agent,
            instance = shown.checkpoint.checkpoint().origin.instance(),
            witness = shown.witness,
            %error,
            "an audit log is not the one that was shown before"
        );
    }
}

/// Whether a checkpoint is of the runtime that a lease was issued for.
pub(crate) fn is_of(checkpoint: &SignedCheckpoint, claims: &LeaseClaims) -> Result<(), AuditError> {
    let origin = &checkpoint.checkpoint().origin;
    let same = origin.thumbprint() == claims.identity_key
        && origin.agent == claims.agent.as_str()
        && origin.trust_domain == claims.trust_domain.as_str();
    if same {
        return Ok(());
    }
    let (expected, observed) = (claims.identity_key.to_string(), origin.thumbprint().to_string());
    Err(AuditError::Origin { expected, observed })
}
