//! Admission: Evidence in; a lease, or every finding that speaks against one. Default deny.
//!
//! ```text
//!  request --Presented--> keys, nonce, binding, manifest agree, both keys signed
//!          --Appraiser--> parse, verify: VerifiedEvidence
//!          --Appraiser--> appraise against admitted Reference Values and policy
//!          --registry---> agent and image in good standing, challenge unspent   (one transaction)
//!          --lease------> signed, certified, recorded; only then answered
//! ```

mod appraisal;
mod appraiser;
mod claimed;
mod codes;
mod lease;
mod presented;
mod session;
mod workers;

use std::sync::Arc;
use std::time::Duration;

use cloister_api::v1;
use cloister_attestation::bytes::Digest48;
use cloister_attestation::check::Check;
use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::result::AttestationResult;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::VerifiedEvidence;
use cloister_channel::lease::LeaseClaims;
use tokio::sync::Semaphore;

pub use appraiser::Appraiser;
pub use codes::{CODES, IMAGE_REVOKED, QUARANTINED, RETIRED};

use crate::checkpoints::{self, Checkpoints};
use crate::clock::Clock;
use crate::error::ServiceError;
use crate::limits::{ADMISSIONS_WAITING_MAX, COMPARED_IMAGES_MAX};
use crate::metrics::Metrics;
use crate::publications::Publications;
use crate::state::Keys;
use crate::store::{ImageRecord, Objection, Outcome, Store, StoreError, Verdict};
use crate::trust::Trust;
use claimed::Claimed;
use presented::{Bound, Presented};
use workers::Workers;

/// Decides about lease requests.
#[derive(Debug)]
pub struct Admission {
    keys: Arc<Keys>,
    appraiser: Arc<Appraiser>,
    store: Store,
    checkpoints: Checkpoints,
    trust: Trust,
    publications: Publications,
    clock: Clock,
    metrics: Arc<Metrics>,
    lease_lifetime: Duration,
    /// Where Evidence is verified.
    workers: Workers,
    /// Requests that are under way or wait to be.
    waiting: Semaphore,
}

/// What [`Admission`] is made of.
#[derive(Debug)]
pub struct Parts {
    /// The Verifier's keys.
    pub keys: Arc<Keys>,
    /// Verifies and appraises.
    pub appraiser: Appraiser,
    /// The record.
    pub store: Store,
    /// Runtimes' audit logs.
    pub checkpoints: Checkpoints,
    /// The trust bundle that goes with a lease.
    pub trust: Trust,
    /// The authorization policies that go with leases.
    pub publications: Publications,
    /// The time.
    pub clock: Clock,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// How long leases live.
    pub lease_lifetime: Duration,
    /// Evidence verified at once.
    pub verifications_max: usize,
}

/// Evidence that verified, with what it came with.
struct Examined<T = Presented> {
    bound: Bound,
    presented: T,
    evidence: VerifiedEvidence,
}

/// Why there is no lease.
struct Refusal {
    findings: Vec<Check>,
    /// Where the appraisal was reached.
    result: Option<Box<AttestationResult>>,
}

impl Admission {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            keys: parts.keys,
            appraiser: Arc::new(parts.appraiser),
            store: parts.store,
            checkpoints: parts.checkpoints,
            trust: parts.trust,
            publications: parts.publications,
            clock: parts.clock,
            metrics: parts.metrics,
            lease_lifetime: parts.lease_lifetime,
            workers: Workers::new(parts.verifications_max),
            waiting: Semaphore::new(ADMISSIONS_WAITING_MAX),
        }
    }

    /// Whether a software TEE's Evidence is accepted, and hardware's is not.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.appraiser.is_simulated()
    }

    /// How often endorsements that were verified before were used again.
    #[must_use]
    pub fn reuses(&self) -> u64 {
        self.appraiser.reuses()
    }

    /// A challenge to collect Evidence for.
    ///
    /// # Errors
    /// [`ServiceError::Challenge`] if there is no randomness.
    pub fn challenge(&self) -> Result<v1::ChallengeResponse, ServiceError> {
        let challenge = self.keys.challenges.issue(self.clock.now())?;
        Ok(v1::ChallengeResponse {
            nonce: challenge.nonce.as_bytes().to_vec(),
            expires_at: challenge.expires_at.as_secs(),
        })
    }

    /// Decides about one request. A refusal is an answer, and on record.
    ///
    /// # Errors
    /// [`ServiceError`] if no decision could be reached: too many requests, or the database failed.
    pub async fn attest(
        &self,
        request: v1::AttestRequest,
    ) -> Result<v1::AttestResponse, ServiceError> {
        let _place = self.waiting.try_acquire().map_err(|_| ServiceError::Busy)?;
        let started = tokio::time::Instant::now();
        let now = self.clock.now();
        let request = Arc::new(request);
        let outcome = match self.decide(Arc::clone(&request), now).await? {
            Ok(admitted) => v1::attest_response::Outcome::Admitted(admitted),
            Err(refusal) => {
                let refused = self.refuse(&request, refusal, now).await?;
                v1::attest_response::Outcome::Refused(refused)
            }
        };
        self.metrics.admission_seconds.observe(started.elapsed());
        Ok(v1::AttestResponse { outcome: Some(outcome) })
    }

    async fn decide(
        &self,
        request: Arc<v1::AttestRequest>,
        now: UnixTime,
    ) -> Result<Result<v1::Admitted, Refusal>, ServiceError> {
        let read = move |keys: &Keys| Presented::read(&request, &keys.challenges, now);
        let examined = match self.examine(read, now).await? {
            Ok(examined) => examined,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let bound = &examined.bound;
        let known = self.known_images(bound).await?;
        // SECURITY: the epoch in the lease is that of the policy that was applied, whatever is in
        // force once the lease is issued.
        let in_force = self.appraiser.in_force();
        let result = Appraiser::appraise(&in_force.policy, bound, &examined.evidence, &known, now);
        if let Some(refusal) = appraiser::refusal(&result, &known, (bound, &examined.evidence), now)
        {
            return Ok(Err(refusal));
        }
        self.issue(&examined, result, in_force.epoch, now).await
    }

    /// The Reference Values that `bound` is compared with: those for its manifest. Where there is
    /// none, the newest for others. They cannot match, but the nearest tells what is different.
    async fn known_images(&self, bound: &Bound) -> Result<Arc<[ImageRecord]>, StoreError> {
        let of_manifest = self.store.images_of_manifest(&bound.manifest_digest).await?;
        if of_manifest.is_empty() {
            return self.store.newest_images(COMPARED_IMAGES_MAX).await;
        }
        Ok(of_manifest)
    }

    /// Parses and verifies, off the threads that serve connections.
    async fn examine<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Keys) -> Result<(Bound, T), Refusal> + Send + 'static,
        now: UnixTime,
    ) -> Result<Result<Examined<T>, Refusal>, ServiceError> {
        let (keys, appraiser) = (Arc::clone(&self.keys), Arc::clone(&self.appraiser));
        let read = move || {
            let (bound, presented) = read(&keys)?;
            let prepared = appraiser.prepare(&bound, now)?;
            Ok((bound, presented, prepared))
        };
        let (bound, presented, prepared) = match self.workers.run(read).await? {
            Ok(read) => read,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let evidence = match self.appraiser.verify(prepared, &self.workers, now).await? {
            Ok(evidence) => evidence,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(log) = bound.envelope.event_log.clone() else {
            return Ok(Ok(Examined { bound, presented, evidence }));
        };
        let evidence = self.workers.run(move || evidence.with_event_log(&log)).await?;
        Ok(Ok(Examined { bound, presented, evidence }))
    }

    /// Signs, certifies and records. Nothing leaves before it is on record.
    async fn issue(
        &self,
        examined: &Examined,
        result: AttestationResult,
        epoch: u64,
        now: UnixTime,
    ) -> Result<Result<v1::Admitted, Refusal>, ServiceError> {
        let presented = &examined.presented;
        let terms = lease::Terms {
            trust_domain: self.trust.domain(),
            epoch,
            lifetime: self.lease_lifetime,
            published_policy: self.publications.newest_for(&presented.manifest),
            now,
        };
        let written = lease::Written::of(&result)?;
        let Some(claims) = lease::claims(examined, (&result, &written), &terms)? else {
            return Ok(Err(Refusal::because(&codes::NOT_ADMITTED, "an admitted image", "none")));
        };
        if let Some(offer) = &presented.log
            && let Err(error) = checkpoints::is_of(&offer.checkpoint, &claims)
        {
            return Ok(Err(Refusal::error(&error)));
        }
        let ring = self.keys.leases.ring();
        let lease = ring.signer().sign(&claims)?;
        let lease_jwt = ring.signer().sign_jwt(&claims)?;
        let certificate =
            self.keys.authority.certify_runtime(&claims, &lease, &presented.channel_key)?;
        let record = lease::record(examined, &claims, (&result, written), now)?;
        if let Err(objection) = self.store.admit(record).await? {
            if objection == Objection::Log {
                return Ok(Err(self.forked(examined, &claims, now).await?));
            }
            let (code, expected) = codes::objection(objection).ok_or(ServiceError::EpochEnded)?;
            let because = Refusal::because(code, expected, &claims.agent);
            return Ok(Err(Refusal { result: Some(Box::new(result)), ..because }));
        }
        self.metrics.admissions.increment();
        if presented.log.is_some() {
            self.metrics.checkpoints.increment();
        }
        tracing::info!(
            agent = %claims.agent,
            instance = %claims.instance(),
            image = %claims.image,
            version = %claims.version,
            tee = %claims.tee,
            tier = %claims.tier,
            simulated = result.simulated(),
            expires_at = %claims.expires_at,
            "admitted"
        );
        let publication = match claims.published_policy {
            0 => Vec::new(),
            _ => self.publications.signed_for(&claims.agent, presented.policy_number).await?,
        };
        Ok(Ok(v1::Admitted {
            lease,
            certificates: vec![certificate],
            trust: Some(self.trust.bundle(now).await?),
            agent: claims.agent.to_string(),
            instance: claims.instance().to_string(),
            lease_jwt,
            publication,
        }))
    }

    /// Keeps what the runtime shows beside what it showed before.
    async fn forked(
        &self,
        examined: &Examined,
        claims: &LeaseClaims,
        now: UnixTime,
    ) -> Result<Refusal, ServiceError> {
        let offer = examined.presented.log.as_ref().ok_or(ServiceError::Defect)?;
        match self.checkpoints.show(offer, claims, now).await {
            Err(ServiceError::Log(error)) => Ok(Refusal::error(&error)),
            // It showed another one meanwhile, and this one extends that.
            Ok(()) => Err(ServiceError::Busy),
            Err(other) => Err(other),
        }
    }

    async fn refuse(
        &self,
        request: &v1::AttestRequest,
        refusal: Refusal,
        now: UnixTime,
    ) -> Result<v1::Refused, ServiceError> {
        let claimed = Claimed::by(request);
        let codes = refusal.codes();
        tracing::warn!(
            claimed_agent = claimed.agent.as_deref(),
            instance = claimed.instance.as_deref(),
            findings = codes.join(" "),
            "refused"
        );
        codes.iter().for_each(|code| self.metrics.refusals.increment(code));
        self.store.record(&refusal.verdict(request, claimed, now)?).await?;
        Ok(refusal.told())
    }
}

impl Refusal {
    /// What speaks against the Evidence, by name.
    fn codes(&self) -> Vec<&'static str> {
        self.findings.iter().map(|finding| finding.code.id).collect()
    }

    /// What the other side is told.
    fn told(&self) -> v1::Refused {
        v1::Refused { findings: self.findings.iter().map(crate::wire::finding).collect() }
    }

    fn because(code: &'static Code, expected: &str, observed: impl std::fmt::Display) -> Self {
        Self { findings: vec![Check::decided(code, false, expected, observed)], result: None }
    }

    fn error(error: &impl Diagnostic) -> Self {
        Self::because(error.code(), "", error)
    }

    fn verdict(
        &self,
        request: &v1::AttestRequest,
        claimed: Claimed,
        at: UnixTime,
    ) -> Result<Verdict, ServiceError> {
        let detail = match &self.result {
            Some(result) => {
                serde_json::json!({ "findings": self.findings, "result": result })
            }
            None => serde_json::json!({ "findings": self.findings }),
        };
        Ok(Verdict {
            at,
            outcome: Outcome::Refused,
            agent: claimed.agent,
            instance: claimed.instance,
            evidence: Digest48::sha384(&request.evidence).to_string(),
            detail: detail.to_string(),
        })
    }
}
