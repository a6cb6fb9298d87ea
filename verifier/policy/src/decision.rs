//! The answer, and what it rests on.

use core::fmt;

use crate::limit::Limited;

/// Why a decision came out as it did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// At least one policy permits and none forbids.
    Permitted,
    /// At least one policy forbids.
    Forbidden,
    /// No policy permits: the default.
    NoPermit,
    /// A policy could not be evaluated, or the request could not be put in the schema's terms.
    /// A failed policy may have been one that forbids, so nothing is permitted then.
    Failed(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permitted => f.write_str("permitted"),
            Self::Forbidden => f.write_str("forbidden"),
            Self::NoPermit => f.write_str("no policy permits it"),
            Self::Failed(why) => write!(f, "policy evaluation failed: {why}"),
        }
    }
}

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Decision {
    reason: Reason,
    policies: Vec<String>,
    limited: Vec<Limited>,
}

impl Decision {
    pub(crate) const fn new(reason: Reason, policies: Vec<String>) -> Self {
        Self { reason, policies, limited: Vec::new() }
    }

    /// The same, within limits.
    pub(crate) fn within(self, limited: Vec<Limited>) -> Self {
        Self { limited, ..self }
    }

    pub(crate) fn failed(why: impl fmt::Display) -> Self {
        Self::new(Reason::Failed(why.to_string()), Vec::new())
    }

    /// Whether the request is permitted.
    #[must_use]
    pub fn allows(&self) -> bool {
        self.reason == Reason::Permitted
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The policies that determined the answer, sorted: the permitting ones, or the forbidding
    /// ones, or the ones that failed. Empty where nothing permits.
    #[must_use]
    pub fn policies(&self) -> &[String] {
        &self.policies
    }

    /// The limits that the permission comes with: those of every policy that permits. The request
    /// counts in each of them and has to be within all of them, so that a limit holds whatever else
    /// permits the same.
    ///
    /// # Security
    /// Nothing here counts. Whoever asks does, by peer and policy.
    #[must_use]
    pub fn limited(&self) -> &[Limited] {
        &self.limited
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.reason)?;
        if self.policies.is_empty() {
            return Ok(());
        }
        write!(f, " by {}", self.policies.join(", "))
    }
}
