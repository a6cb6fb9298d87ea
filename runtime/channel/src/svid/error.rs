//! Why a certificate was refused.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::time::UnixTime;

use crate::identity::KeyError;
use crate::limits::EXTENSION_BYTES_MAX;

cloister_attestation::codes! {
    /// The certificate does not parse.
    MALFORMED = "svid.malformed", Peer, "RFC 5280 section 4.1",
        "Use the certificate exactly as the Verifier issued it.",
        "The certificate is not DER, is longer than a certificate with a lease can be, or has an extension twice.";
    /// The certificate does not chain to an issuer of the trust bundle.
    CHAIN = "svid.chain", Peer, "RFC 5280 section 6",
        "Connect only runtimes that one Verifier admitted, and set the clocks of both machines.",
        "The certificate's chain does not end at an issuer in the trust bundle, or a certificate in it is outside its validity, has a bad signature, or may not be used for this.";
    /// The certificate may be used as an authority, or may not be used for signatures.
    USAGE = "svid.usage", Peer, "SPIFFE X509-SVID section 4",
        "Issue leaf certificates with digitalSignature, and without CA rights.",
        "An SVID is a leaf: not a CA, key usage digitalSignature, neither keyCertSign nor cRLSign.";
    /// The certificate does not name exactly one agent instance.
    NAME = "svid.name", Peer, "SPIFFE X509-SVID section 2",
        "Use the certificate that was issued with the lease.",
        "The subject alternative name has to be exactly one URI, the SPIFFE ID of an agent instance in this trust domain, and the same that the lease names.";
    /// The certificate's key is not a P-256 key.
    KEY_TYPE = "svid.key_type", Peer, "RFC 5480 section 2",
        "Use an ECDSA P-256 channel key.",
        "Channel keys are ECDSA P-256 keys. This certificate is for another kind of key.";
    /// The lease does not name the certificate's key.
    KEY = "svid.key", Peer, "RFC 8747 section 3.1",
        "Use the certificate and the lease that were issued together.",
        "The lease confirms another channel key than the one in the certificate. This is what a lease borrowed from another runtime looks like.";
    /// The certificate is valid for longer than the lease.
    OUTLIVES = "svid.outlives", Peer, "",
        "Issue certificates that end with the lease.",
        "The certificate would be valid after its lease has ended.";
    /// The certificate carries no lease.
    NO_EXTENSION = "svid.extension.missing", Peer, "draft-ietf-rats-msg-wrap section 6.1",
        "Use a certificate that a Cloister Verifier issued.",
        "The certificate has no CMW extension, so nothing says what measured image holds its key.";
    /// The certificate carries more than one lease.
    TWO_EXTENSIONS = "svid.extension.twice", Peer, "RFC 5280 section 4.2",
        "Use a certificate that a Cloister Verifier issued.",
        "The certificate has the CMW extension more than once. Which of them counts must never be a choice.";
    /// The extension is marked critical.
    CRITICAL = "svid.extension.critical", Peer, "draft-ietf-rats-msg-wrap section 6.1",
        "Issue the CMW extension as not critical.",
        "The CMW extension is marked critical. It has one form, which is not critical.";
    /// The extension is too long.
    TOO_LONG = "svid.extension.too_long", Peer, "",
        "Use a certificate that a Cloister Verifier issued.",
        "The CMW extension is longer than a lease can be.";
    /// The extension does not hold a lease.
    EXTENSION = "svid.extension.malformed", Peer, "draft-ietf-rats-msg-wrap section 3.1",
        "Use a Verifier and runtimes of versions that know each other.",
        "The CMW extension is not the one encoding of a record that holds a lease.";
}

/// A certificate was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SvidError {
    /// Does not parse.
    #[error("certificate is malformed: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Does not chain to an issuer of the trust bundle at the given time.
    #[error("certificate chain is refused")]
    Chain(#[source] webpki::Error),
    /// More intermediates than permitted.
    #[error("certificate chain has {observed} intermediates, at most {max} are permitted")]
    ChainTooLong {
        /// How many were sent.
        observed: usize,
        /// How many are permitted.
        max: usize,
    },
    /// Not a leaf for signatures.
    #[error("certificate is not a leaf for signatures")]
    Usage,
    /// Does not name exactly one agent instance.
    #[error("certificate does not name exactly one agent instance")]
    NotOneName,
    /// Names another agent instance than expected.
    #[error("certificate names {observed}, expected {expected}")]
    Name {
        /// What the lease or the trust domain demands.
        expected: String,
        /// What the certificate says.
        observed: String,
    },
    /// Not a P-256 key.
    #[error("certificate is not for an ECDSA P-256 key")]
    KeyType(#[source] KeyError),
    /// Another key than the lease confirms.
    #[error("certificate is for key {observed}, the lease confirms {expected}")]
    Key {
        /// The lease's channel key.
        expected: Digest48,
        /// The certificate's.
        observed: Digest48,
    },
    /// Valid for longer than the lease.
    #[error("certificate ends at {not_after}, after its lease at {expires_at}")]
    Outlives {
        /// The certificate's end.
        not_after: UnixTime,
        /// The lease's end.
        expires_at: UnixTime,
    },
    /// Without the extension.
    #[error("certificate has no CMW extension")]
    NoExtension,
    /// With more than one.
    #[error("certificate has the CMW extension more than once")]
    TwoExtensions,
    /// With a critical one.
    #[error("certificate has a critical CMW extension")]
    Critical,
    /// With one that is too long.
    #[error("CMW extension has {observed} bytes, at most {EXTENSION_BYTES_MAX} are permitted")]
    ExtensionTooLong {
        /// Its length in bytes.
        observed: usize,
    },
    /// With one that does not hold a lease.
    #[error("CMW extension is malformed: {reason}")]
    Extension {
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Diagnostic for SvidError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Malformed { .. } => &MALFORMED,
            Self::Chain(_) | Self::ChainTooLong { .. } => &CHAIN,
            Self::Usage => &USAGE,
            Self::NotOneName | Self::Name { .. } => &NAME,
            Self::KeyType(_) => &KEY_TYPE,
            Self::Key { .. } => &KEY,
            Self::Outlives { .. } => &OUTLIVES,
            Self::NoExtension => &NO_EXTENSION,
            Self::TwoExtensions => &TWO_EXTENSIONS,
            Self::Critical => &CRITICAL,
            Self::ExtensionTooLong { .. } => &TOO_LONG,
            Self::Extension { .. } => &EXTENSION,
        }
    }
}
