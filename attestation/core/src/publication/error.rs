//! Why a received document is not the one that was asked for.

use super::codes;
use crate::code::{Code, Diagnostic};
use crate::verify::VerifyError;
use crate::x509::X509Error;

/// A received document was refused.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublicationError {
    /// The body has another form.
    #[error("it does not read: {reason}")]
    Format {
        /// What is wrong, and where.
        reason: String,
    },
    /// The chain of the signer is missing or does not read.
    #[error("its issuer chain does not read: {reason}")]
    IssuerChain {
        /// What is wrong.
        reason: &'static str,
    },
    /// Signed, and not what was asked for.
    #[error("it is for {observed}, and {expected} was asked for")]
    Other {
        /// As asked for.
        expected: String,
        /// As the document says.
        observed: String,
    },
    /// Not signed under a pinned root.
    #[error("it does not end at the pinned root: {reason}")]
    Root {
        /// What is wrong.
        reason: String,
    },
    /// A certificate or CRL is wrong, stale or not signed as it should be.
    #[error(transparent)]
    X509(#[from] X509Error),
    /// It does not verify.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

impl PublicationError {
    #[expect(clippy::needless_pass_by_value, reason = "takes what `map_err` gives")]
    pub(super) fn format(reason: impl ToString) -> Self {
        Self::Format { reason: reason.to_string() }
    }
}

impl Diagnostic for PublicationError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Format { .. } => &codes::FORMAT,
            Self::IssuerChain { .. } => &codes::ISSUER_CHAIN,
            Self::Other { .. } => &codes::OTHER,
            Self::Root { .. } => &codes::ROOT,
            Self::X509(error) => error.code(),
            Self::Verify(error) => error.code(),
        }
    }
}
