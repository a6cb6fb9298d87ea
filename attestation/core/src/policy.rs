//! The appraisal policy: what a Relying Party demands of verified Evidence.
//!
//! Nothing here has a default. [`Policy::strict`] is written out, and `any` is legal only because
//! it shows in the result as `not_asserted`.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::bytes::Digest48;
use crate::check::Check;
use crate::code::Code;
use crate::snp::SnpPolicy;
use crate::tdx::TdxPolicy;

/// What is demanded of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Expect<T> {
    /// This value and no other.
    Exactly(T),
    /// One of these. An empty list denies.
    OneOf(Vec<T>),
    /// Nothing is demanded; the result says `not_asserted`.
    Any,
}

impl<T: PartialEq + fmt::Display> Expect<T> {
    /// The check's outcome for `observed`.
    pub fn check(&self, code: &'static Code, observed: &T) -> Check {
        match self {
            Self::Any => Check::not_asserted(code, observed),
            Self::Exactly(expected) => {
                Check::decided(code, expected == observed, expected, observed)
            }
            Self::OneOf(allowed) => {
                let list = allowed.iter().map(T::to_string).collect::<Vec<_>>().join(", ");
                Check::decided(
                    code,
                    allowed.contains(observed),
                    format!("one of [{list}]"),
                    observed,
                )
            }
        }
    }
}

/// Which root may stand at the end of the chain. One policy cannot accept both kinds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AnchorPolicy {
    /// AMD's and Intel's production roots.
    Vendor,
    /// The one simulator with this fingerprint. For development.
    Simulator(Digest48),
}

/// What a Relying Party demands. A TEE without a section is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Which root may stand at the end of the chain.
    pub anchors: AnchorPolicy,
    /// Demands on SEV-SNP; absent refuses all of it.
    pub snp: Option<SnpPolicy>,
    /// Demands on TDX; absent refuses all of it.
    pub tdx: Option<TdxPolicy>,
}

impl Policy {
    /// The built-in policy of the command line: production hardware, no debugging, no migration,
    /// nothing provisional, TCB current where the vendor says what current is.
    #[must_use]
    pub fn strict() -> Self {
        Self {
            anchors: AnchorPolicy::Vendor,
            snp: Some(SnpPolicy::strict()),
            tdx: Some(TdxPolicy::strict()),
        }
    }

    /// The same demands, of the one simulator with this fingerprint. For development.
    #[must_use]
    pub fn strict_for_simulator(fingerprint: Digest48) -> Self {
        Self { anchors: AnchorPolicy::Simulator(fingerprint), ..Self::strict() }
    }
}
