//! Keeps the runtime admitted: enrols, renews in good time, and starts over when the lease is gone.

use core::time::Duration;
use std::sync::Arc;

use cloister_attestation::code::Diagnostic as _;
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::config::OnRefusal;
use crate::enrol::{Admission, EnrolError, Enroller};
use crate::phase::Phase;
use crate::random;
use crate::renewal::{self, RETRY, RETRY_REFUSED};
use crate::state::State;

/// Enrols, and keeps the lease alive from then on.
#[derive(Debug)]
pub(crate) struct Membership {
    pub(crate) enroller: Enroller,
    pub(crate) state: Arc<State>,
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
        let mut wait = self.until_renewal();
        loop {
            self.pause(wait, &mut phase).await;
            wait = match self.attempt().await {
                Ok(()) => {
                    failures = Failures::default();
                    self.until_renewal()
                }
                Err(error) => failures.next_wait(&error),
            };
        }
    }

    async fn attempt(&self) -> Result<(), EnrolError> {
        let result = match self.enroller.enrol().await {
            Ok(Admission { credentials, trust }) => {
                let claims = credentials.lease().claims();
                info!(agent = %claims.agent, instance = %claims.instance(), image = %claims.image, version = %claims.version, tier = %claims.tier, simulated = claims.simulator.is_some(), expires = %claims.expires_at, "admitted");
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

    /// Until the lease should be renewed: soon, if it was lost before it could be used, because the
    /// policy epoch was raised while it was on its way.
    fn until_renewal(&self) -> Duration {
        self.state.standing().map_or_else(
            || RETRY.delay(1, random::draw()),
            |standing| {
                let claims = standing.credentials.lease().claims();
                let now = self.state.clock().now();
                renewal::delay(claims.issued_at, claims.expires_at, now, random::draw())
            },
        )
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
