//! Why a delegation is not believed, or was not made.

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::key::ShapeError;
use cloister_attestation::time::UnixTime;

use crate::identity::KeyError;
use crate::lease::LeaseError;
use crate::limits::DELEGATION_LINKS_MAX;
use crate::name::InstanceId;
use crate::spiffe::SpiffeId;

cloister_attestation::codes! {
    /// Not a chain.
    MALFORMED = "delegation.malformed", Peer, "RFC 9052 section 4.2",
        "Use runtimes of the same version at both ends.",
        "What came as a chain of delegations is longer than 12 KiB, is not base64url of the CBOR that a chain has, or has a statement of another kind or form.";
    /// The statement is not by the key of the lease.
    SIGNATURE = "delegation.signature", Peer, "",
        "Pass on the chain as it was received.",
        "A link is signed by the identity key that its lease names, over that very lease. This one is by another key, or was made under another lease, or was altered.";
    /// Links that were not made for each other.
    CHAIN = "delegation.chain", Peer, "",
        "Pass on the chain as it was received.",
        "Every link names the one before it, and nobody is in a chain twice. Here links of different chains were put together, a link is missing, or the chain leads back to a runtime that passed it on before.";
    /// For somebody else.
    AUDIENCE = "delegation.audience", Peer, "",
        "Ask whoever passed it on to do so for this runtime.",
        "A delegation counts for the runtime that it names, presented by the one that made its last link. This one names another, or somebody else presents it.";
    /// More than the issuer has.
    SCOPE = "delegation.scope", Caller, "",
        "Ask for no more than the agent's own scope, or than what was passed on to it.",
        "Whoever passes something on can take away from it and not add to it: the first one has what its measured manifest declares, each later one what it was given.";
    /// Over.
    EXPIRED = "delegation.expired", Peer, "",
        "Make the request again, under a new delegation.",
        "A delegation ends with the shortest of the leases and delegations that it rests on. This one is over, or claims to live longer than it could.";
    /// Too many links.
    DEPTH = "delegation.depth", Caller, "",
        "Let an agent closer to the origin make the call, or act without the delegation.",
        "A request can be passed on by four agents, one after the other.";
    /// It could not be signed.
    SIGNING = "delegation.signing", Cloister, "",
        "Report this as a defect.",
        "The cryptographic library could not make a signature.";
}

/// A delegation was refused, or was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DelegationError {
    /// Not a chain.
    #[error("delegation is malformed: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// The lease of an issuer is not believed.
    #[error("lease of an agent that passed it on is refused")]
    Lease(#[source] LeaseError),
    /// The key is not the one that the lease names.
    #[error("a delegation is by another key than its lease names")]
    Key,
    /// The key did not sign it.
    #[error("a delegation is not signed by its issuer")]
    Signature,
    /// Made under another lease of the same key.
    #[error("a delegation was made under another lease than the one with it")]
    OtherLease,
    /// Links that were not made for each other.
    #[error("a delegation does not rest on the one before it")]
    Spliced,
    /// Somebody is in it twice.
    #[error("the delegation leads back to instance {instance}")]
    Loop {
        /// Who.
        instance: InstanceId,
    },
    /// For another runtime.
    #[error("delegation is for {observed}, expected {expected}")]
    Audience {
        /// Whoever issues the next link, or reads the chain.
        expected: String,
        /// Whom it names.
        observed: String,
    },
    /// Presented by somebody else than its last issuer.
    #[error("delegation is presented by instance {presenter}, which did not make it")]
    Presenter {
        /// Who presents it.
        presenter: InstanceId,
    },
    /// More than the issuer has.
    #[error("scope `{scope}` is not there to be passed on")]
    Widened {
        /// The scope.
        scope: String,
    },
    /// Over.
    #[error("delegation ended at {not_after}, now is {now}")]
    Expired {
        /// Its end.
        not_after: UnixTime,
        /// The time.
        now: UnixTime,
    },
    /// It would outlive what it rests on.
    #[error("delegation would end at {observed}, what it rests on ends at {latest}")]
    Outlives {
        /// The end of what it rests on.
        latest: UnixTime,
        /// Its own.
        observed: UnixTime,
    },
    /// Too many links.
    #[error("more than {DELEGATION_LINKS_MAX} agents passed it on")]
    Depth,
    /// Signing failed.
    #[error("delegation could not be signed")]
    Signing(#[source] KeyError),
}

impl DelegationError {
    /// For a chain that does not read.
    #[must_use]
    pub fn malformed(reason: &str) -> Self {
        Self::Malformed { reason: reason.to_owned() }
    }

    pub(super) fn audience(expected: &SpiffeId, observed: &SpiffeId) -> Self {
        Self::Audience { expected: expected.to_string(), observed: observed.to_string() }
    }
}

impl From<ShapeError> for DelegationError {
    fn from(error: ShapeError) -> Self {
        Self::malformed(match error {
            ShapeError::Algorithm => "not signed with ES256",
            ShapeError::Kind => "a signed message of another kind",
            ShapeError::Malformed(reason) => reason,
        })
    }
}

impl Diagnostic for DelegationError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Malformed { .. } => &MALFORMED,
            Self::Lease(error) => error.code(),
            Self::Key | Self::Signature | Self::OtherLease => &SIGNATURE,
            Self::Spliced | Self::Loop { .. } => &CHAIN,
            Self::Audience { .. } | Self::Presenter { .. } => &AUDIENCE,
            Self::Widened { .. } => &SCOPE,
            Self::Expired { .. } | Self::Outlives { .. } => &EXPIRED,
            Self::Depth => &DEPTH,
            Self::Signing(_) => &SIGNING,
        }
    }
}
