//! Why a CoRIM was refused, or could not be made.

use super::codes;
use crate::code::{Code, Diagnostic};
use crate::item::ItemError;
use crate::key::KeyError;
use crate::time::UnixTime;

/// A CoRIM was refused, or could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CorimError {
    /// Not a CoRIM.
    #[error("corim is malformed: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// Something else than a CoRIM.
    #[error("not a corim but {found}")]
    Kind {
        /// What it is.
        found: String,
    },
    /// Not what images are published as.
    #[error("not an image of cloister's profile: {reason}")]
    Profile {
        /// What is missing or too much.
        reason: String,
    },
    /// Outside its dates.
    #[error("corim does not hold at {now}")]
    Validity {
        /// The given time.
        now: UnixTime,
    },
    /// Signed with an algorithm that is not the key's.
    #[error("corim is not signed with the algorithm of the given key")]
    Algorithm,
    /// Not signed by the given key.
    #[error("corim signature does not verify")]
    Signature,
    /// Not signed at all.
    #[error("corim is not signed")]
    Unsigned,
    /// The publisher's key does not read.
    #[error("not the PEM of an ECDSA key on P-256 or P-384")]
    Key,
    /// The publisher's own key does not read.
    #[error("not the PEM (PKCS#8) of a private ECDSA key on P-256 or P-384")]
    SigningKey,
    /// Signing failed.
    #[error("corim could not be signed")]
    Signing(#[source] KeyError),
}

impl CorimError {
    pub(super) fn profile(reason: impl Into<String>) -> Self {
        Self::Profile { reason: reason.into() }
    }
}

impl From<ItemError> for CorimError {
    fn from(error: ItemError) -> Self {
        Self::Malformed { reason: error.to_string() }
    }
}

impl Diagnostic for CorimError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Malformed { .. } => &codes::MALFORMED,
            Self::Kind { .. } => &codes::KIND,
            Self::Profile { .. } => &codes::PROFILE,
            Self::Validity { .. } => &codes::VALIDITY,
            Self::Algorithm => &codes::ALGORITHM,
            Self::Signature => &codes::SIGNATURE,
            Self::Unsigned => &codes::UNSIGNED,
            Self::Key => &codes::KEY,
            Self::SigningKey => &codes::SIGNING_KEY,
            Self::Signing(_) => &codes::SIGNING,
        }
    }
}
