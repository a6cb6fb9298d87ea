//! Follows the Verifier's events, so that a revocation takes effect at once.

use std::sync::Arc;

use cloister_api::v1::WatchEvent;
use cloister_attestation::code::Diagnostic as _;
use cloister_channel::TrustBundle;
use cloister_channel::trust::{Followed, TrustError};
use tonic::Streaming;
use tracing::{debug, info, warn};

use crate::limits::EVENTS_AT_ONCE;
use crate::published::Published;
use crate::random;
use crate::renewal::RETRY;
use crate::state::{Standing, State};
use crate::verifier::{Verifier, VerifierError};

/// Follows events under the runtime's leased certificate.
#[derive(Debug)]
pub(crate) struct Watch {
    verifier: Verifier,
    state: Arc<State>,
    published: Arc<Published>,
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
    pub(crate) fn new(verifier: &Verifier, state: &Arc<State>, published: &Arc<Published>) -> Self {
        let (state, published) = (Arc::clone(state), Arc::clone(published));
        Self { verifier: verifier.clone(), state, published }
    }

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
            let first = next(&mut events).await?;
            *failures = 0;
            let Some(latest) = self.state.latest() else { return Err(WatchError::Ended) };
            let mut trust = TrustBundle::clone(&latest.trust);
            trust.forget_ended(self.state.clock().now());
            let heard = self.hear(&mut trust, first, &mut events).await;
            // What was applied counts, whatever came after it.
            if trust.sequence() > latest.trust.sequence() {
                self.state.trust(trust)?;
            }
            if heard? == Heard::NotAll {
                self.refetch().await?;
            }
        }
    }

    async fn refetch(&self) -> Result<(), WatchError> {
        let Some(latest) = self.state.latest() else { return Err(WatchError::Ended) };
        let wire = self.verifier.trust_bundle().await?;
        let trust = TrustBundle::from_wire(&wire, latest.trust.anchors().clone())?;
        if trust.trust_domain() != latest.trust.trust_domain() {
            return Err(VerifierError::Answer("the trust bundle of another trust domain").into());
        }
        trust.check_not_before(&latest.trust)?;
        Ok(self.state.trust(trust)?)
    }

    /// Applies an event, and those that have arrived after it: a thousand revocations at once are a
    /// few changes of what the runtime trusts, and not a thousand.
    async fn hear(
        &self,
        trust: &mut TrustBundle,
        first: WatchEvent,
        events: &mut Streaming<WatchEvent>,
    ) -> Result<Heard, WatchError> {
        let mut event = first;
        for _ in 1..EVENTS_AT_ONCE {
            if self.apply(trust, event) == Heard::NotAll {
                return Ok(Heard::NotAll);
            }
            event = tokio::select! {
                biased;
                next = next(events) => next?,
                () = core::future::ready(()) => return Ok(Heard::All),
            };
        }
        Ok(self.apply(trust, event))
    }

    fn apply(&self, trust: &mut TrustBundle, event: WatchEvent) -> Heard {
        match trust.follow(event) {
            Ok(Followed::Known) => Heard::All,
            Ok(Followed::Applied(what)) => {
                info!(sequence = trust.sequence(), %what, "the verifier says");
                Heard::All
            }
            Ok(Followed::Published { agent, number }) => {
                self.published.announced(number, agent.as_ref());
                Heard::All
            }
            Ok(Followed::Replaced) => {
                info!("the verifier's keys changed: fetching the trust bundle again");
                Heard::NotAll
            }
            Ok(Followed::Gap { expected, observed }) => {
                warn!(expected, observed, "missed events: fetching the trust bundle again");
                Heard::NotAll
            }
            Err(error) => {
                warn!(code = error.code().id, %error, "unreadable event: fetching the trust bundle again");
                Heard::NotAll
            }
        }
    }
}

/// How much of what changed the events said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    /// All of it.
    All,
    /// Not all: the bundle has to be fetched again.
    NotAll,
}

async fn next(events: &mut Streaming<WatchEvent>) -> Result<WatchEvent, WatchError> {
    events.message().await.map_err(VerifierError::from)?.ok_or(WatchError::Ended)
}
