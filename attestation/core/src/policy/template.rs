//! A strict policy that one piece of Evidence meets.
//!
//! Every demand is as narrow as what was observed: this product, this chip, this TCB or better, no
//! protection less and no exposure more. What breaks confidentiality on any machine is never let in, whatever was observed.

mod azure;
mod snp;
mod tdx;

use super::{AnchorPolicy, Expect, Policy, PolicyError};
use crate::appraise::{Expected, appraise};
use crate::azure::AzurePolicy;
use crate::snp::SnpPolicy;
use crate::tdx::TdxPolicy;
use crate::time::UnixTime;
use crate::verify::VerifiedEvidence;

/// A property that protects is demanded where it was there.
fn protecting(there: bool) -> Expect<bool> {
    if there { Expect::Exactly(true) } else { Expect::Any }
}

/// A property that exposes is refused where it was not there.
fn exposing(there: bool) -> Expect<bool> {
    if there { Expect::Any } else { Expect::Exactly(false) }
}

impl Policy {
    /// The template for machines like the one that `evidence` comes from. It names the one TEE,
    /// and refuses every other.
    ///
    /// # Errors
    /// [`PolicyError::Template`] if the Evidence has what no template lets in.
    pub fn from_evidence(evidence: &VerifiedEvidence, now: UnixTime) -> Result<Self, PolicyError> {
        let anchors = evidence
            .simulator()
            .map_or(AnchorPolicy::Vendor, |named| AnchorPolicy::Simulator(*named));
        let mut policy = Self { anchors, snp: None, tdx: None, azure: None };
        policy.learn(evidence, now);
        policy.is_met_by(evidence, now)?;
        Ok(policy)
    }

    fn learn(&mut self, evidence: &VerifiedEvidence, now: UnixTime) {
        match evidence {
            VerifiedEvidence::Snp(verified) => self.snp = Some(SnpPolicy::observed(verified, now)),
            VerifiedEvidence::Tdx(verified) => self.tdx = Some(TdxPolicy::observed(verified, now)),
            VerifiedEvidence::Azure(verified) => {
                self.azure = Some(AzurePolicy::observed(verified));
                self.learn(verified.hardware(), now);
            }
        }
    }

    fn is_met_by(&self, evidence: &VerifiedEvidence, now: UnixTime) -> Result<(), PolicyError> {
        let nothing = Expected { report_data: Expect::Any, image: None };
        let result = appraise(evidence, &nothing, self, now);
        match result.failures().next() {
            None => Ok(()),
            Some(check) => Err(PolicyError::Template {
                finding: format!(
                    "{}: expected {}, observed {}",
                    check.code, check.expected, check.observed
                ),
            }),
        }
    }
}
