//! The Attestation Result: the conclusion about one piece of Evidence, with every reason.

use core::fmt;

use serde::{Deserialize, Serialize, Serializer};

use crate::anchor::AnchorKind;
use crate::bytes::Digest48;
use crate::check::{Check, State};
use crate::evidence::{Route, Tee};
use crate::reference::ReferenceTuple;
use crate::tdx::TcbStatus;

/// Trust tier, in AR4SI's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Tier {
    /// No claim is made: nothing failed, and there was nothing to compare the image with.
    None,
    /// Everything that was demanded holds, on genuine hardware.
    Affirming,
    /// Everything that was demanded holds, but something is short of genuine hardware.
    Warning,
    /// At least one demand does not hold.
    Contraindicated,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Affirming => "affirming",
            Self::Warning => "warning",
            Self::Contraindicated => "contraindicated",
        })
    }
}

/// Which machine, as far as the Evidence says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PlatformIdentity {
    /// SNP `CHIP_ID`, in hex.
    Chip(String),
    /// The provider of a VLEK (`cspID`): the machine itself is not named.
    Provider(String),
    /// TDX `PPID`, in hex.
    Ppid(String),
    /// The Evidence does not name the machine.
    NotAsserted,
}

impl fmt::Display for PlatformIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chip(id) => write!(f, "chip {id}"),
            Self::Provider(name) => write!(f, "some machine of {name}"),
            Self::Ppid(id) => write!(f, "ppid {id}"),
            Self::NotAsserted => f.write_str("a machine that the Evidence does not name"),
        }
    }
}

/// The conclusion of an appraisal. Made only by [`crate::appraise::appraise`].
#[derive(Clone, Debug, Serialize)]
pub struct AttestationResult {
    pub(crate) tee: Tee,
    pub(crate) route: Route,
    pub(crate) product: String,
    pub(crate) version: u32,
    pub(crate) tier: Tier,
    pub(crate) anchor: AnchorKind,
    pub(crate) simulated: bool,
    pub(crate) reference: Option<ReferenceTuple>,
    pub(crate) platform: PlatformIdentity,
    pub(crate) tcb_status: Option<TcbStatus>,
    pub(crate) evidence: Digest48,
    #[serde(serialize_with = "in_short")]
    pub(crate) checks: Vec<Check>,
}

/// Most checks of a good result were met, and results are kept and hashed with all of their words:
/// where there is nothing to mend, a check's specification and remedy are left to its id, and what
/// was expected is not repeated where it is what was observed.
fn in_short<S: Serializer>(checks: &[Check], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Told<'a> {
        Whole(&'a Check),
        Short {
            id: &'a str,
            state: State,
            #[serde(skip_serializing_if = "Option::is_none")]
            expected: Option<&'a str>,
            observed: &'a str,
        },
    }
    serializer.collect_seq(checks.iter().map(|check| match check.state {
        State::Fail | State::NotAsserted => Told::Whole(check),
        State::Pass | State::NotApplicable => Told::Short {
            id: check.code.id,
            state: check.state,
            expected: Some(check.expected.as_str()).filter(|it| *it != check.observed),
            observed: &check.observed,
        },
    }))
}

impl AttestationResult {
    /// Which TEE signed.
    #[must_use]
    pub const fn tee(&self) -> Tee {
        self.tee
    }

    /// How the hardware's word reached the guest: what the hardware measured depends on it.
    #[must_use]
    pub const fn route(&self) -> Route {
        self.route
    }

    /// The processor generation, as the signed chain names it.
    #[must_use]
    pub fn product(&self) -> &str {
        &self.product
    }

    /// Report or quote version.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The conclusion.
    #[must_use]
    pub const fn tier(&self) -> Tier {
        self.tier
    }

    /// Whose root stands at the end of the chain.
    #[must_use]
    pub const fn anchor(&self) -> AnchorKind {
        self.anchor
    }

    /// Whether a software TEE signed. Never `affirming` then.
    #[must_use]
    pub const fn simulated(&self) -> bool {
        self.simulated
    }

    /// The admitted image that matched.
    #[must_use]
    pub const fn reference(&self) -> Option<&ReferenceTuple> {
        self.reference.as_ref()
    }

    /// Which machine, as far as the Evidence says.
    #[must_use]
    pub const fn platform(&self) -> &PlatformIdentity {
        &self.platform
    }

    /// The vendor's word for the TCB, where the vendor publishes one (TDX).
    #[must_use]
    pub const fn tcb_status(&self) -> Option<TcbStatus> {
        self.tcb_status
    }

    /// SHA-384 over the received report or quote.
    #[must_use]
    pub const fn evidence(&self) -> &Digest48 {
        &self.evidence
    }

    /// Every check of verification and appraisal, in order.
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The checks that speak against admission.
    pub fn failures(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.failed())
    }

    /// Ids of the checks that nobody vouches for.
    pub fn not_asserted(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.checks
            .iter()
            .filter(|check| check.state == State::NotAsserted)
            .map(|check| check.code.id)
    }

    /// Whether every demand holds and an admitted image matched. Simulated Evidence passes this
    /// only under a policy that names its simulator.
    #[must_use]
    pub fn admits(&self) -> bool {
        matches!(self.tier, Tier::Affirming | Tier::Warning) && self.reference.is_some()
    }

    /// SHA-384 over the result's JSON: what a lease names as its appraisal.
    #[must_use]
    pub fn digest(&self) -> Digest48 {
        Digest48::of_json(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::Serializer;

    use super::{Check, State, in_short};
    use crate::binding::NONCE;

    #[test]
    fn every_check_is_told_and_a_remedy_where_there_is_something_to_mend() {
        let checks = [
            Check::decided(&NONCE, true, 1, 1),
            Check::decided(&NONCE, true, "at least 1", 2),
            Check::decided(&NONCE, false, 1, 2),
            Check::decided(&NONCE, false, 1, 1),
            Check::not_applicable(&NONCE, "none"),
            Check::not_asserted(&NONCE, "none"),
        ];
        let told = in_short(&checks, Serializer).unwrap();
        assert_eq!(told.as_array().unwrap().len(), checks.len());
        for (check, told) in checks.iter().zip(told.as_array().unwrap()) {
            let unmet = matches!(check.state, State::Fail | State::NotAsserted);
            assert_eq!(told.get("remedy").is_some(), unmet, "{told}");
            assert_eq!(told["id"], NONCE.id);
            let repeats = !unmet && check.expected == check.observed;
            let expected = told.get("expected").map_or(&told["observed"], |expected| expected);
            assert_eq!(
                (expected, told.get("expected").is_none()),
                (&check.expected.as_str().into(), repeats)
            );
            assert_eq!(told["observed"], check.observed.as_str());
        }
    }
}
