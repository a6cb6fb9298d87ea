//! Why a delegation does not go with a request.

use cloister_attestation::code::{Code, Diagnostic};
use cloister_channel::delegation;
use http::header::HeaderName;

cloister_attestation::codes! {
    /// The header does not read.
    HEADER = "gateway.delegation.header", Caller, "",
        "Send `cloister-delegation` once, as it was received, and `cloister-scope` once, as a list of scopes.",
        "What the header says about a delegation cannot be read: it is there twice, is not text, or is too long.";
    /// Nobody knows the handle.
    HANDLE = "gateway.delegation.handle", Caller, "",
        "Pass on the `cloister-delegation` header of the request that is being worked on.",
        "The handle names no delegation that this runtime has received since it started, or so many came after it that it was forgotten.";
    /// The peer has no name that could be granted anything.
    AUDIENCE = "gateway.delegation.audience", Cloister, "",
        "Report this as a defect.",
        "The peer of an attested channel is not named as its lease names it.";
    /// There is no lease to delegate under.
    NO_LEASE = "gateway.delegation.no_lease", Operator, "",
        "Wait until the runtime is admitted; its log says what speaks against that.",
        "Delegations are made and verified under the runtime's lease, and it has none at the moment.";
    /// No randomness.
    RANDOM = "gateway.delegation.random", Cloister, "",
        "Report this as a defect.",
        "The operating system gave no random bytes for the delegation's id.";
}

/// A delegation was refused, or was not made.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum DelegationError {
    /// The header does not read.
    #[error("the header `{0}` cannot be read")]
    Header(HeaderName),
    /// Nobody knows the handle.
    #[error("the handle names no delegation")]
    Handle,
    /// The peer's name does not read.
    #[error("the peer cannot be named in a delegation")]
    Audience,
    /// There is no lease.
    #[error("the runtime has no lease")]
    NoLease,
    /// No randomness.
    #[error("there is no randomness")]
    Random,
    /// The chain is not believed, or was not made.
    #[error(transparent)]
    Chain(#[from] delegation::DelegationError),
}

impl Diagnostic for DelegationError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Header(_) => &HEADER,
            Self::Handle => &HANDLE,
            Self::Audience => &AUDIENCE,
            Self::NoLease => &NO_LEASE,
            Self::Random => &RANDOM,
            Self::Chain(error) => error.code(),
        }
    }
}
