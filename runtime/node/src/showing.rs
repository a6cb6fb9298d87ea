//! Shows the audit log to the Verifier between renewals, and what peers showed of theirs.

use std::collections::BTreeSet;
use std::sync::Arc;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::{Code, Diagnostic};
use cloister_audit::SignedCheckpoint;
use tracing::warn;

use crate::audit::AuditLogError;
use crate::limits::AUDIT_SHOW_INTERVAL;
use crate::state::{Standing, State};
use crate::verifier::{Verifier, VerifierError};

/// Shows the log while the runtime serves.
#[derive(Debug)]
pub(crate) struct Showing {
    verifier: Verifier,
    state: Arc<State>,
    /// The log's weight when it was shown last.
    weight: u64,
    /// What peers showed, and the Verifier was told.
    told: BTreeSet<Digest48>,
}

#[derive(Debug, thiserror::Error)]
enum ShowingError {
    #[error(transparent)]
    Log(#[from] AuditLogError),
    #[error(transparent)]
    Verifier(#[from] VerifierError),
}

impl Diagnostic for ShowingError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Log(error) => error.code(),
            Self::Verifier(error) => error.code(),
        }
    }
}

impl Showing {
    pub(crate) const fn new(verifier: Verifier, state: Arc<State>) -> Self {
        Self { verifier, state, weight: 0, told: BTreeSet::new() }
    }

    /// Never returns.
    pub(crate) async fn keep(mut self) {
        let mut ticks = tokio::time::interval(AUDIT_SHOW_INTERVAL);
        loop {
            ticks.tick().await;
            let Some(standing) = self.state.standing() else { continue };
            if let Err(error) = self.show(&standing).await {
                warn!(code = error.code().id, %error, "the Verifier was not shown the audit log");
            }
        }
    }

    /// Shows what is new, if anything is: that somebody was shown something is no news.
    async fn show(&mut self, standing: &Standing) -> Result<(), ShowingError> {
        let audit = self.state.audit();
        let (weight, witnessed) = (audit.weight(), audit.witnessed());
        let seen: BTreeSet<Digest48> = witnessed.iter().map(SignedCheckpoint::digest).collect();
        if weight == self.weight && seen.is_subset(&self.told) {
            return Ok(());
        }
        let offer = audit.offer_to_verifier().await?;
        let certificate = Arc::clone(&standing.client.client_auth_cert_resolver);
        let mut registry = self.verifier.registry(certificate).await?;
        registry.show_checkpoint(&offer, &witnessed).await?;
        audit.shown_to_verifier(&offer);
        (self.weight, self.told) = (weight, seen);
        Ok(())
    }
}
