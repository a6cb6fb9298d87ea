//! The appraisal policy: what a Relying Party demands of verified Evidence.
//!
//! Nothing here has a default. [`Policy::strict`] is written out, and `any` is legal only because
//! it shows in the result as `not_asserted`.

mod age;
mod consistency;
mod description;
mod document;
pub mod error;
mod keys;
mod template;

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::azure::AzurePolicy;
use crate::bytes::Digest48;
use crate::check::Check;
use crate::code::Code;
use crate::snp::SnpPolicy;
use crate::tdx::TdxPolicy;

pub use age::AgeLimit;
pub use description::{Description, Statement};
pub use error::PolicyError;

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
                let ok = allowed.contains(observed);
                Check::decided(code, ok, OneOf(allowed), observed)
            }
        }
    }
}

/// An allow-list in words. A long one is cut: a check does not repeat the policy.
struct OneOf<'a, T>(&'a [T]);

/// Entries of an allow-list that a check names.
const NAMED_MAX: usize = 8;

impl<T: fmt::Display> fmt::Display for OneOf<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one of [")?;
        for (at, value) in self.0.iter().take(NAMED_MAX).enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            write!(f, "{separator}{value}")?;
        }
        match self.0.len().checked_sub(NAMED_MAX) {
            None | Some(0) => f.write_str("]"),
            Some(more) => write!(f, ", and {more} more]"),
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
    /// Demands on VMs behind Azure's paravisor, besides those on the hardware; absent refuses all
    /// of them.
    pub azure: Option<AzurePolicy>,
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
            azure: Some(AzurePolicy::strict()),
        }
    }

    /// Names this policy in results: SHA-384 over its JSON (fields in declaration order, no
    /// spaces).
    #[must_use]
    pub fn digest(&self) -> Digest48 {
        Digest48::of_json(self)
    }

    /// The same demands, of the one simulator with this fingerprint. For development.
    #[must_use]
    pub fn strict_for_simulator(fingerprint: Digest48) -> Self {
        Self { anchors: AnchorPolicy::Simulator(fingerprint), ..Self::strict() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Expect, NAMED_MAX};
    use crate::check::State;
    use crate::reference::MATCH;

    #[test]
    fn a_short_list_is_named_whole_and_a_long_one_is_counted() {
        let words = |len: usize| Expect::OneOf((0..len).collect()).check(&MATCH, &0).expected;
        assert_eq!(words(2), "one of [0, 1]");
        assert_eq!(words(NAMED_MAX), "one of [0, 1, 2, 3, 4, 5, 6, 7]");
        assert_eq!(words(NAMED_MAX + 3), "one of [0, 1, 2, 3, 4, 5, 6, 7, and 3 more]");
    }

    #[test]
    fn every_entry_of_a_long_list_counts_and_an_empty_list_denies() {
        let list = Expect::OneOf((0..100).collect());
        assert_eq!(list.check(&MATCH, &99).state, State::Pass);
        assert_eq!(list.check(&MATCH, &100).state, State::Fail);
        assert_eq!(Expect::OneOf(Vec::new()).check(&MATCH, &0).state, State::Fail);
    }
}
