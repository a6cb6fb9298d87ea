//! From Evidence as received to an Attestation Result.

use std::sync::Arc;

use cloister_attestation::anchor::{AnchorKind, Anchors};
use cloister_attestation::appraise::{Expected, appraise};
use cloister_attestation::binding::Binding;
use cloister_attestation::cache::EndorsementCache;
use cloister_attestation::check::Check;
use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::evidence::Evidence;
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::reference::{LaunchShape, ReferenceSet};
use cloister_attestation::result::AttestationResult;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::{self, Endorsements, VerifiedEvidence, VerifyError};
use cloister_endorsements::Failure;

use super::presented::Bound;
use super::workers::Workers;
use super::{Refusal, codes};
use crate::endorsements::{AtHand, RollbackMemory, Sources, Verification};
use crate::error::ServiceError;
use crate::policies::{InForce, Policies};
use crate::store::{ImageRecord, ImageState};

/// Evidence that was read, what is there to verify it with, and how that went.
#[derive(Debug)]
pub(super) struct Prepared {
    evidence: Arc<Evidence>,
    at_hand: AtHand,
    begun: Begun,
}

/// What Evidence was verified with first, and how that ended.
type Begun = (Endorsements, Result<VerifiedEvidence, VerifyError>);

/// Verifies against the configured anchors and appraises under the configured policy.
#[derive(Debug)]
pub struct Appraiser {
    anchors: Anchors,
    policies: Policies,
    sources: Sources,
    memory: RollbackMemory,
    /// What was verified for Evidence before.
    cache: EndorsementCache,
}

impl Appraiser {
    /// With the configured anchors, the policy in force, sources of endorsements, and the memory of what
    /// they said before.
    #[must_use]
    pub fn new(
        anchors: Anchors,
        policies: Policies,
        sources: Sources,
        memory: RollbackMemory,
    ) -> Self {
        Self { anchors, policies, sources, memory, cache: EndorsementCache::default() }
    }

    /// How often endorsements that were verified before were used again.
    #[must_use]
    pub fn reuses(&self) -> u64 {
        self.cache.hits()
    }

    /// Whether a software TEE's Evidence is accepted, and hardware's is not.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.anchors.kind() == AnchorKind::Simulator
    }

    /// The policy in force now.
    pub(super) fn in_force(&self) -> Arc<InForce> {
        self.policies.in_force()
    }

    /// Parses, and verifies with what is at hand. May block.
    pub(super) fn prepare(&self, bound: &Bound, now: UnixTime) -> Result<Prepared, Refusal> {
        let envelope = &bound.envelope;
        let evidence = Evidence::from_envelope(envelope).map_err(|error| Refusal::error(&error))?;
        let offered = envelope.certificates.as_deref();
        let at_hand = self.sources.at_hand(&evidence, offered).map_err(|error| {
            // The path is the operator's business and not the peer's.
            tracing::error!(error = %crate::error::chain(&error), "endorsements are unusable");
            Refusal::because(error.code(), "", "unusable endorsements")
        })?;
        let with = self.sources.first(&at_hand, now);
        let outcome = self.verify_with(&evidence, &with, now);
        Ok(Prepared { evidence: Arc::new(evidence), at_hand, begun: (with, outcome) })
    }

    /// Verifies with what can be fetched beside what is at hand, and remembers which issues of the
    /// vendors' documents that was.
    pub(super) async fn verify(
        self: &Arc<Self>,
        Prepared { evidence, at_hand, begun }: Prepared,
        workers: &Workers,
        now: UnixTime,
    ) -> Result<Result<VerifiedEvidence, Refusal>, ServiceError> {
        let mut begun = Some(begun);
        let once = |with| {
            // SECURITY: what was concluded counts for the very endorsements it was concluded from.
            let known = begun.take_if(|(first, _)| *first == with);
            let (appraiser, evidence) = (Arc::clone(self), Arc::clone(&evidence));
            async move {
                let Some((_, outcome)) = known else {
                    return workers.run(move || appraiser.verify_with(&evidence, &with, now)).await;
                };
                Ok(outcome)
            }
        };
        let Verification { outcome, failures } = self.sources.verify(at_hand, now, once).await?;
        let verified = match outcome {
            Ok(verified) => verified,
            Err(error) => return Ok(Err(unverified(&error, &failures))),
        };
        let findings = self.memory.admit(&verified.issues()).await?;
        if findings.is_empty() {
            return Ok(Ok(verified));
        }
        Ok(Err(Refusal { findings, result: None }))
    }

    fn verify_with(
        &self,
        evidence: &Evidence,
        with: &Endorsements,
        now: UnixTime,
    ) -> Result<VerifiedEvidence, VerifyError> {
        self.cache.verify(evidence.clone(), with, &self.anchors, now)
    }

    /// Appraises under `policy` against the Reference Values among `known` that are admitted.
    pub(super) fn appraise(
        policy: &Policy,
        bound: &Bound,
        evidence: &VerifiedEvidence,
        known: &[ImageRecord],
        now: UnixTime,
    ) -> AttestationResult {
        let admitted: ReferenceSet = known
            .iter()
            .filter(|image| image.state_at(now) == ImageState::Admitted)
            .map(|image| image.tuple.clone())
            .collect();
        let expected = Expected {
            report_data: Expect::Exactly(Binding::report_data(&bound.envelope.binding)),
            image: Some((&admitted, bound.manifest_digest)),
        };
        appraise(evidence, &expected, policy, now)
    }
}

/// Why `result` is not enough for a lease at `now`; `None` if it is.
pub(super) fn refusal(
    result: &AttestationResult,
    known: &[ImageRecord],
    (bound, evidence): (&Bound, &VerifiedEvidence),
    now: UnixTime,
) -> Option<Refusal> {
    if result.admits() {
        return None;
    }
    let mut findings: Vec<Check> = result.failures().cloned().collect();
    findings.extend(former(known, (bound, evidence), now));
    if findings.is_empty() {
        // INVARIANT: a refusal names a reason, also if a later tier should come without a failure.
        findings.push(Check::decided(
            &codes::NOT_ADMITTED,
            false,
            "an admitted image",
            result.tier(),
        ));
    }
    Some(Refusal { findings, result: Some(Box::new(result.clone())) })
}

/// Says so where the image was admitted once: "unknown" would send the operator looking elsewhere.
fn former(
    known: &[ImageRecord],
    (bound, evidence): (&Bound, &VerifiedEvidence),
    now: UnixTime,
) -> Option<Check> {
    let observed = LaunchShape::observed(evidence);
    let mut of_manifest =
        known.iter().filter(|image| image.tuple.manifest == bound.manifest_digest);
    let image = of_manifest.find(|image| image.tuple.shape.matches(&observed))?;
    let code = match image.state_at(now) {
        ImageState::Admitted => return None,
        ImageState::Retired => &codes::IMAGE_RETIRED,
        ImageState::Revoked => &codes::IMAGE_REVOKED,
    };
    let named = format!("{} {}", image.tuple.image, image.tuple.version);
    Some(Check::decided(code, false, "an admitted image", named))
}

/// What failed; where something is missing, what, and why it could not be fetched.
fn unverified(error: &VerifyError, failures: &[Failure]) -> Refusal {
    let mut findings: Vec<Check> =
        error.checks().iter().filter(|check| check.failed()).cloned().collect();
    if let VerifyError::Incomplete { missing, .. } = error {
        findings.extend(
            missing.iter().map(|missing| {
                Check::decided(&verify::INCOMPLETE, false, &missing.what, "not given")
            }),
        );
    }
    // Which host failed, and how, is in the log: the peer learns what is lacking.
    findings.extend(
        failures.iter().map(|Failure { need, error }| {
            Check::decided(error.code(), false, need, "not fetched")
        }),
    );
    if findings.is_empty() { Refusal::error(error) } else { Refusal { findings, result: None } }
}
