//! Why a renewal is not believed, or would not be.

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::time::UnixTime;

use super::codes;
use crate::frame::OddLength;
use crate::identity::{KeyError, StatementError};
use crate::lease::LeaseError;
use crate::limits::RENEWAL_BYTES_MAX;
use crate::session::Misuse;

/// A renewal is not believed, or would not be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenewalError {
    /// Does not decode.
    #[error("renewal is malformed: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// A length that no renewal has.
    #[error("renewal states {observed} bytes, permitted are 1 to {RENEWAL_BYTES_MAX}")]
    Length {
        /// What the prefix says.
        observed: u32,
    },
    /// More than one renewal ahead of the decision.
    #[error("peer sent more than one renewal ahead of the decision")]
    Ahead,
    /// Of the wrong role.
    #[error("renewal is of the wrong role")]
    Role,
    /// The new lease is refused.
    #[error("new lease is refused")]
    Lease(#[from] LeaseError),
    /// Another runtime's lease.
    #[error("new lease confirms another identity key than the channel was opened with")]
    IdentityKey,
    /// Not signed by the identity key.
    #[error("renewal signature does not verify")]
    Signature,
    /// About another channel.
    #[error("renewal is bound to another connection")]
    Exporter,
    /// In place of another lease than the one that counts.
    #[error("renewal replaces another lease than the one that counts")]
    PreviousLease,
    /// About another new lease.
    #[error("renewal is about another new lease than it carries")]
    LeaseDigest,
    /// For something else than was accepted.
    #[error("new lease has another {claim}")]
    Changed {
        /// What is not the same.
        claim: &'static str,
    },
    /// Not issued later.
    #[error("new lease was issued at {observed}, the one that counts at {replaced}")]
    Older {
        /// When the lease that counts was issued.
        replaced: UnixTime,
        /// When the other one was.
        observed: UnixTime,
    },
    /// Under an older policy epoch.
    #[error("peer acts under policy epoch {observed}, the floor is {floor}")]
    PolicyEpoch {
        /// The oldest epoch accepted.
        floor: u64,
        /// The peer's.
        observed: u64,
    },
    /// The own renewal could not be made.
    #[error("renewal could not be made")]
    Signing(#[source] KeyError),
    /// The channel has ended.
    #[error(transparent)]
    Misuse(#[from] Misuse),
}

impl RenewalError {
    pub(in crate::life) fn malformed(reason: &str) -> Self {
        Self::Malformed { reason: reason.to_owned() }
    }
}

impl From<minicbor::decode::Error> for RenewalError {
    fn from(error: minicbor::decode::Error) -> Self {
        Self::malformed(&error.to_string())
    }
}

impl From<OddLength> for RenewalError {
    fn from(OddLength { observed }: OddLength) -> Self {
        Self::Length { observed }
    }
}

impl From<StatementError> for RenewalError {
    fn from(error: StatementError) -> Self {
        match error {
            StatementError::Malformed(reason) => Self::malformed(reason),
            StatementError::Signature => Self::Signature,
        }
    }
}

impl Diagnostic for RenewalError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Malformed { .. } => &codes::MALFORMED,
            Self::Length { .. } => &codes::LENGTH,
            Self::Ahead => &codes::AHEAD,
            Self::Role => &codes::ROLE,
            Self::Lease(error) => error.code(),
            Self::IdentityKey => &codes::IDENTITY_KEY,
            Self::Signature => &codes::SIGNATURE,
            Self::Exporter => &codes::EXPORTER,
            Self::PreviousLease => &codes::PREVIOUS_LEASE,
            Self::LeaseDigest => &codes::LEASE_DIGEST,
            Self::Changed { .. } => &codes::CHANGED,
            Self::Older { .. } => &codes::OLDER,
            Self::PolicyEpoch { .. } => &codes::POLICY_EPOCH,
            Self::Signing(_) => &codes::SIGNING,
            Self::Misuse(error) => error.code(),
        }
    }
}
