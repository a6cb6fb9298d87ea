//! From Evidence as received to an Attestation Result.

use cloister_attestation::anchor::{AnchorKind, Anchors};
use cloister_attestation::appraise::{Expected, appraise};
use cloister_attestation::binding::Binding;
use cloister_attestation::check::Check;
use cloister_attestation::evidence::Evidence;
use cloister_attestation::policy::{Expect, Policy};
use cloister_attestation::reference::{LaunchShape, ReferenceSet};
use cloister_attestation::result::AttestationResult;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::{self, VerifiedEvidence, VerifyError, verify};

use super::presented::Presented;
use super::{Refusal, codes};
use crate::endorsements::EndorsementSource;
use crate::store::{ImageRecord, ImageState};

/// Verifies against the configured anchors and appraises under the configured policy.
#[derive(Debug)]
pub struct Appraiser {
    anchors: Anchors,
    policy: Policy,
    endorsements: Box<dyn EndorsementSource>,
}

impl Appraiser {
    /// With the configured anchors and policy, and a source of endorsements.
    #[must_use]
    pub fn new(anchors: Anchors, policy: Policy, endorsements: Box<dyn EndorsementSource>) -> Self {
        Self { anchors, policy, endorsements }
    }

    /// Whether a software TEE's Evidence is accepted, and hardware's is not.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.anchors.kind() == AnchorKind::Simulator
    }

    /// Parses and verifies. May block.
    pub(super) fn verify(
        &self,
        presented: &Presented,
        now: UnixTime,
    ) -> Result<VerifiedEvidence, Refusal> {
        let envelope = &presented.envelope;
        let evidence = Evidence::from_envelope(envelope).map_err(|error| Refusal::error(&error))?;
        let endorsements = self
            .endorsements
            .endorsements(&evidence, envelope.certificates.as_deref())
            .map_err(|error| {
                // The path is the operator's business and not the peer's.
                tracing::error!(error = %crate::error::chain(&error), "endorsements are unusable");
                Refusal::because(
                    cloister_attestation::code::Diagnostic::code(&error),
                    "",
                    "unusable endorsements",
                )
            })?;
        let verified = verify(evidence, &endorsements, &self.anchors, now)
            .map_err(|error| unverified(&error))?;
        Ok(match &envelope.event_log {
            Some(log) => verified.with_event_log(log),
            None => verified,
        })
    }

    /// Appraises against the Reference Values among `known` that are admitted.
    pub(super) fn appraise(
        &self,
        presented: &Presented,
        evidence: &VerifiedEvidence,
        known: &[ImageRecord],
        now: UnixTime,
    ) -> AttestationResult {
        let admitted: ReferenceSet = known
            .iter()
            .filter(|image| image.state == ImageState::Admitted)
            .map(|image| image.tuple.clone())
            .collect();
        let expected = Expected {
            report_data: Expect::Exactly(Binding::report_data(&presented.envelope.binding)),
            image: Some((&admitted, presented.manifest_digest)),
        };
        appraise(evidence, &expected, &self.policy, now)
    }
}

/// Why `result` is not enough for a lease; `None` if it is.
pub(super) fn refusal(
    result: &AttestationResult,
    known: &[ImageRecord],
    evidence: &VerifiedEvidence,
) -> Option<Refusal> {
    if result.admits() {
        return None;
    }
    let mut findings: Vec<Check> = result.failures().cloned().collect();
    findings.extend(former(known, evidence));
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
fn former(known: &[ImageRecord], evidence: &VerifiedEvidence) -> Option<Check> {
    let observed = LaunchShape::observed(evidence);
    let image = known.iter().find(|image| image.tuple.shape.matches(&observed))?;
    let code = match image.state {
        ImageState::Admitted => return None,
        ImageState::Retired => &codes::IMAGE_RETIRED,
        ImageState::Revoked => &codes::IMAGE_REVOKED,
    };
    let named = format!("{} {}", image.tuple.image, image.tuple.version);
    Some(Check::decided(code, false, "an admitted image", named))
}

fn unverified(error: &VerifyError) -> Refusal {
    let mut findings: Vec<Check> =
        error.checks().iter().filter(|check| check.failed()).cloned().collect();
    if let VerifyError::Incomplete { missing, .. } = error {
        findings.extend(
            missing.iter().map(|missing| {
                Check::decided(&verify::INCOMPLETE, false, &missing.what, "not given")
            }),
        );
    }
    if findings.is_empty() { Refusal::error(error) } else { Refusal { findings, result: None } }
}
