//! Why a bundle was refused.

use super::codes;
use super::key::Key;
use crate::bytes::Digest48;
use crate::code::{Code, Diagnostic};
use crate::key::KeyError;

/// A bundle was refused, or could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The bytes are not a bundle.
    #[error("bundle is malformed: {reason}")]
    Malformed {
        /// Why.
        reason: String,
    },
    /// Another key signed.
    #[error("bundle is signed by {observed}, expected {expected}")]
    Signer {
        /// The fingerprint that the reader believes.
        expected: Digest48,
        /// The fingerprint of the key that the bundle names.
        observed: Digest48,
    },
    /// The named key is none, or did not sign these bytes; or signing failed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An entry does not hold what its key says.
    #[error("{key}: {reason}")]
    Content {
        /// Which entry.
        key: Box<Key>,
        /// Why.
        reason: String,
    },
}

impl BundleError {
    pub(super) fn malformed(reason: impl Into<String>) -> Self {
        Self::Malformed { reason: reason.into() }
    }

    pub(super) fn content(key: &Key, reason: impl Into<String>) -> Self {
        Self::Content { key: Box::new(key.clone()), reason: reason.into() }
    }
}

impl Diagnostic for BundleError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Malformed { .. } => &codes::MALFORMED,
            Self::Signer { .. } => &codes::SIGNER,
            Self::Key(error) => error.code(),
            Self::Content { .. } => &codes::CONTENT,
        }
    }
}
