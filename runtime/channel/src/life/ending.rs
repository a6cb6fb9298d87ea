//! Why a channel ended.

use core::fmt;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::time::UnixTime;

use super::RenewalError;
use crate::frame::OddLength;
use crate::lease::LeaseError;
use crate::name::InstanceId;

cloister_attestation::codes! {
    /// A lease ended without renewal.
    LEASE_ENDED = "channel.lease_ended", Peer, "RFC 8392 section 3.1.4",
        "Look at the log of the runtime whose lease ended for why it could not renew.",
        "The lease of one end of the channel ended, and no later one had been accepted by then. Nothing is carried beyond the end of a lease.";
    /// An instance was revoked.
    REVOKED = "channel.revoked", Operator, "",
        "See `cloister agents show` for the reason, and lift the quarantine if it no longer holds.",
        "The Verifier took away the leases of the instance at one end of the channel.";
    /// The policy epoch was raised above a lease.
    POLICY_EPOCH = "channel.policy_epoch", Operator, "",
        "Let the runtimes renew: they are appraised again under the present policy.",
        "The Verifier's policy changed in a way that ends older leases, and one end of the channel has not renewed under it.";
    /// A lease does not stand any more for another reason.
    UNTRUSTED = "channel.untrusted", Operator, "",
        "Compare the trust bundle with the leases of both ends.",
        "The trust bundle does not accept the lease of one end of the channel any more: it is for another trust domain or another kind of root.";
    /// Policy refuses the peer's new lease.
    RENEWAL_REFUSED = "channel.renewal_refused", Operator, "",
        "Permit the connection in the policy bundle of the image, if it is meant to go on.",
        "The peer renewed its lease, and policy does not let it stay connected under the new one.";
    /// The connection was closed.
    CLOSED = "channel.closed", Peer, "",
        "Look at the peer's log: it says why it closed.",
        "The connection was closed. A peer that ends a channel does so without a word.";
}

/// One end of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// This side's.
    Own,
    /// The other side's.
    Peer,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own => "own",
            Self::Peer => "peer",
        })
    }
}

/// Why a channel ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ending {
    /// A lease ended without renewal.
    #[error("{whose} lease ended at {expires_at}")]
    LeaseEnded {
        /// Whose lease.
        whose: Whose,
        /// When.
        expires_at: UnixTime,
    },
    /// An instance was revoked.
    #[error("{whose} instance {instance} is revoked: {reason}")]
    Revoked {
        /// At which end.
        whose: Whose,
        /// The instance.
        instance: InstanceId,
        /// The Verifier's reason, a stable code.
        reason: String,
    },
    /// The policy epoch was raised above a lease.
    #[error("{whose} lease is of policy epoch {observed}, the floor is {floor}")]
    PolicyEpoch {
        /// Whose lease.
        whose: Whose,
        /// The oldest epoch accepted.
        floor: u64,
        /// The lease's.
        observed: u64,
    },
    /// A lease does not stand any more for another reason.
    #[error("{whose} lease is refused")]
    Untrusted {
        /// Whose lease.
        whose: Whose,
        /// Why.
        #[source]
        error: LeaseError,
    },
    /// The peer's renewal is not believed.
    #[error("peer's renewal is not believed")]
    Renewal(#[from] RenewalError),
    /// Policy refuses the peer's new lease.
    #[error("policy does not let the peer stay connected")]
    RenewalRefused,
    /// The connection was closed.
    #[error("connection was closed")]
    Closed,
}

impl Ending {
    /// The lease of one end does not stand.
    pub(super) fn of(whose: Whose, error: LeaseError) -> Self {
        match error {
            LeaseError::Expired { expires_at, .. } => Self::LeaseEnded { whose, expires_at },
            LeaseError::Revoked { instance, reason } => Self::Revoked { whose, instance, reason },
            LeaseError::PolicyEpoch { floor, observed } => {
                Self::PolicyEpoch { whose, floor, observed }
            }
            error @ (LeaseError::Malformed { .. }
            | LeaseError::Algorithm
            | LeaseError::UnknownKey { .. }
            | LeaseError::Signature
            | LeaseError::TrustDomain { .. }
            | LeaseError::NotYetValid { .. }
            | LeaseError::Lifetime { .. }
            | LeaseError::Anchor { .. }
            | LeaseError::Tier { .. }
            | LeaseError::Signing(_)) => Self::Untrusted { whose, error },
        }
    }
}

impl From<OddLength> for Ending {
    fn from(length: OddLength) -> Self {
        Self::Renewal(length.into())
    }
}

impl Diagnostic for Ending {
    fn code(&self) -> &'static Code {
        match self {
            Self::LeaseEnded { .. } => &LEASE_ENDED,
            Self::Revoked { .. } => &REVOKED,
            Self::PolicyEpoch { .. } => &POLICY_EPOCH,
            Self::Untrusted { .. } => &UNTRUSTED,
            Self::Renewal(error) => error.code(),
            Self::RenewalRefused => &RENEWAL_REFUSED,
            Self::Closed => &CLOSED,
        }
    }
}
