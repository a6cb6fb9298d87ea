//! Keeps the runtime admitted: enrols, renews in good time, and starts over when the lease is gone.

use core::time::Duration;
use std::sync::Arc;

use cloister_attestation::code::Diagnostic as _;
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::backoff::Draw;
use crate::config::OnRefusal;
use crate::enrol::{Admission, EnrolError, Enroller};
use crate::phase::Phase;
use crate::published::Published;
use crate::random;
use crate::renewal::{self, RETRY, RETRY_REFUSED};
use crate::state::State;

/// Enrols, and keeps the lease alive from then on.
#[derive(Debug)]
pub(crate) struct Membership {
    pub(crate) enroller: Enroller,
    pub(crate) state: Arc<State>,
    pub(crate) published: Arc<Published>,
    pub(crate) on_refusal: OnRefusal,
}

impl Membership {
    /// Tries until the runtime is admitted for the first time.
    ///
    /// # Errors
    /// [`EnrolError`] that trying again does not mend: a refusal, where the configuration says
    /// that it ends the runtime; a TEE that gives no Evidence; a lease for something else.
    pub(crate) async fn first(&self) -> Result<(), EnrolError> {
        let mut failures = Failures::default();
        loop {
            match self.attempt().await {
                Ok(()) => return Ok(()),
                Err(error) if self.ends_the_runtime(&error) => return Err(error),
                Err(error) => tokio::time::sleep(failures.next_wait(&error)).await,
            }
        }
    }

    /// Renews for ever. Never returns; the lease's end is enforced elsewhere.
    pub(crate) async fn keep(&self) {
        let mut phase = self.state.phase();
        let mut failures = Failures::default();
        let mut wait = until_renewal(&self.state, random::draw());
        loop {
            self.pause(wait, &mut phase).await;
            wait = match self.attempt().await {
                Ok(()) => {
                    failures = Failures::default();
                    until_renewal(&self.state, random::draw())
                }
                Err(error) => failures.next_wait(&error),
            };
        }
    }

    async fn attempt(&self) -> Result<(), EnrolError> {
        let result = match self.enroller.enrol(self.published.number()).await {
            Ok(Admission { credentials, trust, publication }) => {
                let claims = credentials.lease().claims();
                info!(agent = %claims.agent, instance = %claims.instance(), image = %claims.image, version = %claims.version, tier = %claims.tier, simulated = claims.simulator.is_some(), expires = %claims.expires_at, "admitted");
                // SECURITY: in this order. No channel is opened under the lease before the policy
                // that it names decides.
                self.published.leased(credentials.lease(), &trust, &publication);
                self.state.admit(credentials, trust).map_err(EnrolError::from)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = &result {
            self.state.events().lease_failures.add_one();
            report(error);
            if error.findings().is_some() {
                self.state.refuse();
            }
        }
        result
    }

    fn ends_the_runtime(&self, error: &EnrolError) -> bool {
        match error.findings() {
            Some(_) => self.on_refusal == OnRefusal::Exit,
            None => !error.may_pass(),
        }
    }

    /// Waits, but no longer than until the lease is lost for another reason than its end: a raised
    /// policy epoch is answered at once by a renewal. A revoked runtime keeps waiting.
    async fn pause(&self, wait: Duration, phase: &mut watch::Receiver<Phase>) {
        let served = phase.borrow_and_update().serves();
        let cut_off = async {
            if !served || phase.wait_for(|phase| *phase == Phase::Expired).await.is_err() {
                core::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = cut_off => {}
        }
    }
}

/// Until the lease should be renewed: soon, if it was lost before it could be used, because the
/// policy epoch was raised while it was on its way.
fn until_renewal(state: &State, draw: Draw) -> Duration {
    state.standing().map_or_else(
        || RETRY.delay(1, draw),
        |standing| {
            let claims = standing.credentials.lease().claims();
            renewal::delay(claims.issued_at, claims.expires_at, state.clock().now(), draw)
        },
    )
}

/// Failures in a row, of the two kinds that are waited for differently.
#[derive(Debug, Default)]
struct Failures(u32);

impl Failures {
    fn next_wait(&mut self, error: &EnrolError) -> Duration {
        self.0 = self.0.saturating_add(1);
        let schedule = if error.findings().is_some() { RETRY_REFUSED } else { RETRY };
        schedule.delay(self.0, random::draw())
    }
}

/// One event for a failure; for a refusal, one for each finding as well.
fn report(error: &EnrolError) {
    let (code, help) = (error.code().id, error.remedy());
    let Some(findings) = error.findings() else {
        warn!(code, cause = causes(error), help, "no lease: {error}");
        return;
    };
    for finding in findings {
        error!(
            finding = finding.id,
            expected = finding.expected,
            observed = finding.observed,
            spec = finding.spec,
            remedy = finding.remedy,
            "speaks against admission"
        );
    }
    error!(code, help, "{error}");
}

/// The chain of causes below `error`, in one line.
fn causes(error: &dyn std::error::Error) -> Option<String> {
    let chain: Vec<String> = core::iter::successors(error.source(), |error| error.source())
        .map(ToString::to_string)
        .collect();
    (!chain.is_empty()).then(|| chain.join(": "))
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::until_renewal;
    use crate::backoff::Draw;
    use crate::testing::{World, state};

    #[test]
    fn a_lease_that_was_lost_before_it_was_used_is_replaced_within_half_a_second() {
        let (world, state) = (World::new(), state());
        let me = world.runtime("me", Duration::from_secs(540));
        let mut raised = world.trust(2, &[]);
        raised.raise_policy_epoch_floor(4);
        state.admit(me, raised).unwrap();
        assert!(until_renewal(&state, Draw(u32::MAX)) <= Duration::from_millis(500));
    }

    #[test]
    fn a_lease_in_use_is_renewed_in_its_own_time() {
        let (world, state) = (World::new(), state());
        state.admit(world.runtime("me", Duration::from_secs(540)), world.trust(1, &[])).unwrap();
        // A minute of ten has gone.
        assert_eq!(until_renewal(&state, Draw(0)), Duration::from_secs(300));
    }
}
