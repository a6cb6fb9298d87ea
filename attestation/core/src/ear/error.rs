//! Why a result was refused, or could not be made.

use super::codes;
use crate::code::{Code, Diagnostic};
use crate::item::ItemError;
use crate::key::{KeyError, ShapeError};
use crate::time::UnixTime;

/// A result was refused, or could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EarError {
    /// Not an EAR.
    #[error("result is malformed: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// Signed with another algorithm than ES256, or not at all.
    #[error("result is not signed with ES256")]
    Algorithm,
    /// A token of another kind.
    #[error("the token is not an Attestation Result")]
    Kind,
    /// No given key has this id.
    #[error("result names the unknown key {kid}")]
    UnknownKey {
        /// The id, in hex.
        kid: String,
    },
    /// The named key did not sign these bytes.
    #[error("result signature does not verify")]
    Signature,
    /// Issued in the future.
    #[error("result was issued at {issued_at}, it is {now}")]
    NotYetValid {
        /// The result's `iat`.
        issued_at: UnixTime,
        /// The given time.
        now: UnixTime,
    },
    /// Ended.
    #[error("result expired at {expires_at}, it is {now}")]
    Expired {
        /// The result's `exp`.
        expires_at: UnixTime,
        /// The given time.
        now: UnixTime,
    },
    /// Too long, or without length.
    #[error("result lives {secs} s, permitted are 1 to 3600")]
    Lifetime {
        /// From `iat` to `exp`.
        secs: u64,
    },
    /// For somebody else.
    #[error("result is for {observed}, expected {expected}")]
    Audience {
        /// The one of this side.
        expected: String,
        /// The one in the result.
        observed: String,
    },
    /// An answer to another request.
    #[error("result has the nonce {observed}, expected {expected}")]
    Nonce {
        /// The one given, in hex.
        expected: String,
        /// The one in the result, in hex, or that there is none.
        observed: String,
    },
    /// A status that its own claims contradict.
    #[error("result contradicts itself: {reason}")]
    Inconsistent {
        /// How.
        reason: &'static str,
    },
    /// A key set that does not read.
    #[error("key set: {reason}")]
    KeySet {
        /// What is wrong with it.
        reason: String,
    },
    /// Signing failed.
    #[error("result could not be signed")]
    Signing(#[source] KeyError),
}

impl EarError {
    pub(super) fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed { reason: reason.into() }
    }
}

impl From<ItemError> for EarError {
    fn from(error: ItemError) -> Self {
        Self::malformed(error.to_string())
    }
}

impl From<ShapeError> for EarError {
    fn from(error: ShapeError) -> Self {
        match error {
            ShapeError::Algorithm => Self::Algorithm,
            ShapeError::Kind => Self::Kind,
            ShapeError::Malformed(reason) => Self::malformed(reason),
        }
    }
}

impl Diagnostic for EarError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Malformed { .. } => &codes::MALFORMED,
            Self::Algorithm => &codes::ALGORITHM,
            Self::Kind => &codes::KIND,
            Self::UnknownKey { .. } => &codes::UNKNOWN_KEY,
            Self::Signature => &codes::SIGNATURE,
            Self::NotYetValid { .. } => &codes::NOT_YET_VALID,
            Self::Expired { .. } => &codes::EXPIRED,
            Self::Lifetime { .. } => &codes::LIFETIME,
            Self::Audience { .. } => &codes::AUDIENCE,
            Self::Nonce { .. } => &codes::NONCE,
            Self::Inconsistent { .. } => &codes::INCONSISTENT,
            Self::KeySet { .. } => &codes::KEY_SET,
            Self::Signing(_) => &codes::SIGNING,
        }
    }
}
