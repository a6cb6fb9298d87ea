//! Follows the Verifier's events, so that a revocation takes effect at once.

mod event;

use std::sync::Arc;

use cloister_attestation::code::Diagnostic as _;
use cloister_channel::TrustBundle;
use cloister_channel::trust::TrustError;
use tracing::{debug, info, warn};

use crate::random;
use crate::renewal::RETRY;
use crate::state::{Standing, State};
use crate::verifier::{Verifier, VerifierError};
use event::{Step, step};

/// Follows events under the runtime's leased certificate.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) verifier: Verifier,
    pub(crate) state: Arc<State>,
}

/// Why a stream of events was left.
#[derive(Debug, thiserror::Error)]
enum WatchError {
    #[error(transparent)]
    Verifier(#[from] VerifierError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error(transparent)]
    Tls(#[from] cloister_channel::tls::TlsError),
    #[error("the verifier ended the stream")]
    Ended,
}

impl WatchError {
    fn code(&self) -> &'static str {
        match self {
            Self::Verifier(error) => error.code().id,
            Self::Trust(error) => error.code().id,
            Self::Tls(error) => error.code().id,
            Self::Ended => crate::verifier::UNREACHABLE.id,
        }
    }
}

impl Watch {
    /// Follows for ever, and connects again when the stream ends. Never returns.
    pub(crate) async fn follow(&self) {
        let mut failures: u32 = 0;
        loop {
            let standing = self.standing().await;
            let heard = match self.stream(&standing, &mut failures).await {
                Ok(never) => match never {},
                Err(error) => error,
            };
            failures = failures.saturating_add(1);
            let wait = RETRY.delay(failures, random::draw());
            debug!(code = heard.code(), error = %heard, ?wait, "not following events");
            tokio::time::sleep(wait).await;
        }
    }

    /// Waits until there is a certificate to show.
    async fn standing(&self) -> Arc<Standing> {
        let mut phase = self.state.phase();
        loop {
            if let Some(standing) = self.state.standing() {
                return standing;
            }
            if phase.changed().await.is_err() {
                core::future::pending::<()>().await;
            }
        }
    }

    async fn stream(
        &self,
        standing: &Standing,
        failures: &mut u32,
    ) -> Result<core::convert::Infallible, WatchError> {
        let certificate = Arc::clone(&standing.client.client_auth_cert_resolver);
        let mut registry = self.verifier.registry(certificate).await?;
        let mut events = registry.watch(standing.trust.sequence()).await?;
        loop {
            let event =
                events.message().await.map_err(VerifierError::from)?.ok_or(WatchError::Ended)?;
            *failures = 0;
            let Some(latest) = self.state.latest() else { return Err(WatchError::Ended) };
            match step(&latest.trust, event, self.state.clock().now()) {
                Ok(Step::Nothing) => {}
                Ok(Step::Updated(trust, what)) => {
                    info!(sequence = trust.sequence(), %what, "the verifier says");
                    self.state.trust(*trust)?;
                }
                Ok(Step::Refetch) => {
                    info!("the verifier's keys changed: fetching the trust bundle again");
                    self.refetch(&latest.trust).await?;
                }
                Ok(Step::Gap { expected, observed }) => {
                    warn!(expected, observed, "missed events: fetching the trust bundle again");
                    self.refetch(&latest.trust).await?;
                }
                Err(error) => {
                    warn!(code = error.code().id, %error, "unreadable event: fetching the trust bundle again");
                    self.refetch(&latest.trust).await?;
                }
            }
        }
    }

    async fn refetch(&self, current: &TrustBundle) -> Result<(), WatchError> {
        let wire = self.verifier.trust_bundle().await?;
        let trust = TrustBundle::from_wire(&wire, current.anchors().clone())?;
        if trust.trust_domain() != current.trust_domain() {
            return Err(VerifierError::Answer("the trust bundle of another trust domain").into());
        }
        trust.check_not_before(current)?;
        Ok(self.state.trust(trust)?)
    }
}
