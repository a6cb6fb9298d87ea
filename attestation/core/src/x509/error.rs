//! Why a certificate or CRL was refused.

use const_oid::ObjectIdentifier;

use super::codes;
use crate::code::{Code, Diagnostic};
use crate::time::UnixTime;

/// A certificate or CRL was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum X509Error {
    /// Larger than its limit; it was not read.
    #[error("{what} has {observed} bytes, at most {max} are read")]
    TooLarge {
        /// Certificate, CRL or PEM text.
        what: &'static str,
        /// Its length in bytes.
        observed: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// Not the structure that it should be.
    #[error("{what} is malformed: {reason}")]
    Malformed {
        /// Certificate, CRL, or the extension.
        what: &'static str,
        /// What is wrong, and where.
        reason: String,
    },
    /// A signature or key algorithm outside the supported three, as the hex of its DER.
    #[error("{what} {observed} is not supported")]
    Algorithm {
        /// Signature algorithm or key algorithm.
        what: &'static str,
        /// DER of the AlgorithmIdentifier, in hex; the beginning of a long one.
        observed: String,
    },
    /// The same extension twice.
    #[error("extension {oid} occurs more than once")]
    DuplicateExtension {
        /// The extension.
        oid: ObjectIdentifier,
    },
    /// A critical extension that is not processed.
    #[error("critical extension {oid} is not known")]
    CriticalExtension {
        /// The extension.
        oid: ObjectIdentifier,
    },
    /// Issuer and subject names do not chain.
    #[error("issuer is {observed}, and the signing certificate is {expected}")]
    Issuer {
        /// Subject of the certificate that should have signed.
        expected: String,
        /// Issuer that the certificate or CRL names.
        observed: String,
    },
    /// The issuer may not sign this.
    #[error("{issuer} may not sign: {reason}")]
    NotCa {
        /// Subject of the issuer.
        issuer: String,
        /// The right that it lacks.
        reason: &'static str,
    },
    /// The signature does not verify.
    #[error("signature of {subject} does not verify with the key of {issuer}")]
    Signature {
        /// What was signed.
        subject: String,
        /// Whose key was tried.
        issuer: String,
    },
    /// Used before its time.
    #[error("{subject} is valid from {not_before}, and the time is {now}")]
    NotYetValid {
        /// What is not valid.
        subject: String,
        /// Start of its validity.
        not_before: UnixTime,
        /// The verification time.
        now: UnixTime,
    },
    /// Used after its time.
    #[error("{subject} is valid until {not_after}, and the time is {now}")]
    Expired {
        /// What is not valid.
        subject: String,
        /// End of its validity.
        not_after: UnixTime,
        /// The verification time.
        now: UnixTime,
    },
    /// The text is not PEM.
    #[error("not a sequence of PEM certificates: {reason}")]
    Pem {
        /// What is wrong with it.
        reason: String,
    },
}

impl X509Error {
    pub(super) fn malformed(what: &'static str, reason: &(impl ToString + ?Sized)) -> Self {
        Self::Malformed { what, reason: reason.to_string() }
    }
}

impl Diagnostic for X509Error {
    fn code(&self) -> &'static Code {
        match self {
            Self::TooLarge { .. } => &codes::TOO_LARGE,
            Self::Malformed { .. } => &codes::MALFORMED,
            Self::Algorithm { .. } => &codes::ALGORITHM,
            Self::DuplicateExtension { .. } => &codes::DUPLICATE_EXTENSION,
            Self::CriticalExtension { .. } => &codes::CRITICAL_EXTENSION,
            Self::Issuer { .. } => &codes::ISSUER,
            Self::NotCa { .. } => &codes::NOT_CA,
            Self::Signature { .. } => &codes::SIGNATURE,
            Self::NotYetValid { .. } => &codes::NOT_YET_VALID,
            Self::Expired { .. } => &codes::EXPIRED,
            Self::Pem { .. } => &codes::PEM,
        }
    }
}
