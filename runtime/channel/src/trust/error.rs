//! Why a trust bundle was refused.

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::key::ShapeError;
use cloister_attestation::time::UnixTime;

use crate::identity::KeyError;
use crate::limits::REVOKED_MAX;

cloister_attestation::codes! {
    /// The bundle does not read.
    MALFORMED = "trust.malformed", Operator, "",
        "Fetch the trust bundle again from a Verifier of a version that this runtime knows.",
        "A trust bundle names one trust domain, its issuing certificates, the keys that sign leases, and a signed snapshot of what is revoked. This one lacks a part, has one that does not read, or has more than a bundle may hold.";
    /// There is no room for another revocation.
    FULL = "trust.full", Operator, "",
        "Restart the runtime so that it fetches the trust bundle again; shorten the lease lifetime if this recurs.",
        "More instances were revoked within one lease lifetime than a runtime keeps in memory. Nothing is forgotten to make room, since that would admit a revoked instance.";
    /// The snapshot of revocations is not signed by a lease key of the bundle.
    SIGNATURE = "trust.signature", Operator, "RFC 9052 section 4.4",
        "Fetch the trust bundle again from the Verifier itself.",
        "What is revoked travels as a snapshot that one of the bundle's own lease keys has signed. This one names no such key, was altered, or is another trust domain's.";
    /// The bundle is older than one that was seen.
    ROLLBACK = "trust.rollback", Operator, "",
        "Find out whether the Verifier was set back to an older copy of its data folder; if that was meant, restart the runtimes.",
        "Revocations are numbered and dated. What this bundle says was true before what is known already, so that taking it into use could bring a revoked instance back. What is known stays in use.";
    /// A snapshot could not be signed.
    SIGNING = "trust.signing", Cloister, "",
        "Report this as a defect.",
        "The cryptographic library could not make a signature.";
}

/// A trust bundle was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// A part of it does not read.
    #[error("trust bundle is malformed: {reason}")]
    Malformed {
        /// Which part, and why.
        reason: String,
    },
    /// No room for another revocation.
    #[error("more than {REVOKED_MAX} revoked instances")]
    Full,
    /// The snapshot of revocations is not this bundle's.
    #[error("snapshot of revocations is refused: {reason}")]
    Signature {
        /// What is wrong with its signature.
        reason: &'static str,
    },
    /// Older than what was seen, by its number.
    #[error("trust bundle is of event {observed}, event {seen} was seen")]
    Sequence {
        /// The newest event that was seen.
        seen: u64,
        /// The bundle's.
        observed: u64,
    },
    /// Older than what was seen, by its date.
    #[error("trust bundle was issued at {observed}, one of {seen} was seen")]
    Issued {
        /// The newest date that was seen.
        seen: UnixTime,
        /// The bundle's.
        observed: UnixTime,
    },
    /// Signing failed.
    #[error("snapshot of revocations could not be signed")]
    Signing(#[source] KeyError),
}

impl TrustError {
    pub(super) fn malformed(reason: &str) -> Self {
        Self::Malformed { reason: reason.to_owned() }
    }
}

impl From<ShapeError> for TrustError {
    fn from(error: ShapeError) -> Self {
        match error {
            ShapeError::Algorithm => Self::Signature { reason: "not signed with ES256" },
            ShapeError::Kind => Self::malformed("a signed message of another kind"),
            ShapeError::Malformed(reason) => Self::malformed(reason),
        }
    }
}

impl Diagnostic for TrustError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Malformed { .. } => &MALFORMED,
            Self::Full => &FULL,
            Self::Signature { .. } => &SIGNATURE,
            Self::Sequence { .. } | Self::Issued { .. } => &ROLLBACK,
            Self::Signing(_) => &SIGNING,
        }
    }
}
