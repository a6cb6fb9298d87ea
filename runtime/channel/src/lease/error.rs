//! Why a lease was refused.

use cloister_attestation::anchor::AnchorKind;
use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::key::ShapeError;
use cloister_attestation::result::Tier;
use cloister_attestation::time::UnixTime;

use crate::identity::KeyError;
use crate::name::InstanceId;

cloister_attestation::codes! {
    /// The bytes are not a lease.
    MALFORMED = "lease.malformed", Peer, "RFC 8392 section 3",
        "Use a Verifier and runtimes of versions that know each other.",
        "A lease has one encoding in each of its two forms, CWT and JWT: every claim that this version knows, in order, and nothing else. This one has another form, a claim out of range, or a signature envelope with more or other parts than a lease has.";
    /// The signature algorithm is not ES256.
    ALGORITHM = "lease.algorithm", Peer, "RFC 9053 section 2.1",
        "Use a lease that a Cloister Verifier signed.",
        "Leases are signed with ES256. The header names another algorithm, or none. The header never chooses how a lease is verified.";
    /// No trusted key has this id.
    UNKNOWN_KEY = "lease.unknown_key", Peer, "RFC 9052 section 3.1",
        "Fetch the trust bundle again, or find out which Verifier signed the lease.",
        "The lease names a signing key that the trust bundle does not have. Either the Verifier's key was rotated and the bundle is old, or someone else signed.";
    /// The signature does not verify.
    SIGNATURE = "lease.signature", Peer, "RFC 9052 section 4.4",
        "Use the lease exactly as the Verifier sent it.",
        "The lease names a trusted key, and that key did not sign these bytes. The lease was altered or forged.";
    /// The lease belongs to another trust domain.
    TRUST_DOMAIN = "lease.trust_domain", Peer, "SPIFFE-ID section 2.1",
        "Connect only runtimes that one Verifier admitted.",
        "The lease was issued in another trust domain than the one that this side belongs to.";
    /// The lease was issued in the future.
    NOT_YET_VALID = "lease.not_yet_valid", Peer, "RFC 8392 section 3.1.6",
        "Set the clocks of the Verifier and of this machine.",
        "The lease was issued later than the present time on this side, by more than clocks may differ.";
    /// The lease has expired.
    EXPIRED = "lease.expired", Peer, "RFC 8392 section 3.1.4",
        "Have the runtime renew its lease: look for the reason in its log.",
        "The lease has ended. A live runtime renews well before that; one that did not is cut off from its Verifier or is refused by it.";
    /// The lease lives too long, or not at all.
    LIFETIME = "lease.lifetime", Peer, "",
        "Configure the Verifier's lease lifetime to at most 60 minutes.",
        "A lease lives from 1 second to 60 minutes. A longer one would keep a runtime trusted long after anybody looked at it.";
    /// The instance is revoked.
    REVOKED = "lease.revoked", Operator, "",
        "See `cloister agents show` for the reason, and lift the quarantine if it no longer holds.",
        "The Verifier took this instance's leases away: its agent was quarantined or retired, or its image was revoked.";
    /// The lease is of an older policy epoch.
    POLICY_EPOCH = "lease.policy_epoch", Peer, "",
        "Have the runtime renew its lease under the present policy.",
        "The Verifier's policy has changed in a way that ends older leases. The runtime has to be appraised again under the present policy.";
    /// Another kind of root stands behind the lease than is accepted here.
    ANCHOR = "lease.anchor", Peer, "",
        "Use hardware in production, or name the simulator's fingerprint in the measured configuration of a development runtime.",
        "The lease rests on a software TEE where hardware is demanded, or on another simulator than the one named here, or on hardware where one simulator is named. Simulated Evidence proves nothing about hardware.";
    /// The conclusion is not one that a lease may carry.
    TIER = "lease.tier", Peer, "draft-ietf-rats-ear section 3.2",
        "Report this as a defect of the Verifier that signed.",
        "A lease is issued for the tier affirming, or for warning; never affirming for simulated Evidence. This one says otherwise.";
    /// A lease could not be signed.
    SIGNING = "lease.signing", Cloister, "",
        "Report this as a defect.",
        "The cryptographic library could not make a signature.";
}

/// A lease was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// Not a lease.
    #[error("lease is malformed: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// Signed with another algorithm than ES256.
    #[error("lease is not signed with ES256")]
    Algorithm,
    /// No trusted key has this id.
    #[error("lease names the unknown key {kid}")]
    UnknownKey {
        /// The id, in hex.
        kid: String,
    },
    /// The named key did not sign these bytes.
    #[error("lease signature does not verify")]
    Signature,
    /// Of another trust domain.
    #[error("lease is of trust domain {observed}, expected {expected}")]
    TrustDomain {
        /// The one of this side.
        expected: String,
        /// The one in the lease.
        observed: String,
    },
    /// Issued in the future.
    #[error("lease was issued at {issued_at}, it is {now}")]
    NotYetValid {
        /// The lease's `iat`.
        issued_at: UnixTime,
        /// The given time.
        now: UnixTime,
    },
    /// Ended.
    #[error("lease expired at {expires_at}, it is {now}")]
    Expired {
        /// The lease's `exp`.
        expires_at: UnixTime,
        /// The given time.
        now: UnixTime,
    },
    /// Too long, or without length.
    #[error("lease lives {secs} s, permitted are 1 to 3600")]
    Lifetime {
        /// From `iat` to `exp`.
        secs: u64,
    },
    /// Taken away.
    #[error("instance {instance} is revoked: {reason}")]
    Revoked {
        /// Whose leases.
        instance: InstanceId,
        /// The Verifier's reason, a stable code.
        reason: String,
    },
    /// Of an older policy epoch.
    #[error("lease is of policy epoch {observed}, the floor is {floor}")]
    PolicyEpoch {
        /// The oldest epoch accepted.
        floor: u64,
        /// The lease's.
        observed: u64,
    },
    /// Another kind of root than is accepted here.
    #[error("lease rests on {observed}, accepted is {expected}")]
    Anchor {
        /// What the configuration names.
        expected: String,
        /// What the lease names.
        observed: String,
    },
    /// A conclusion that no lease may carry.
    #[error("lease of tier {tier} on a {anchor:?} root")]
    Tier {
        /// The lease's tier.
        tier: Tier,
        /// The lease's anchor.
        anchor: AnchorKind,
    },
    /// Signing failed.
    #[error("lease could not be signed")]
    Signing(#[source] KeyError),
}

impl LeaseError {
    pub(crate) fn malformed(reason: &str) -> Self {
        Self::Malformed { reason: reason.to_owned() }
    }
}

impl From<ShapeError> for LeaseError {
    fn from(error: ShapeError) -> Self {
        match error {
            ShapeError::Algorithm => Self::Algorithm,
            ShapeError::Kind => Self::malformed("a signed message of another kind"),
            ShapeError::Malformed(reason) => Self::malformed(reason),
        }
    }
}

impl Diagnostic for LeaseError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Malformed { .. } => &MALFORMED,
            Self::Algorithm => &ALGORITHM,
            Self::UnknownKey { .. } => &UNKNOWN_KEY,
            Self::Signature => &SIGNATURE,
            Self::TrustDomain { .. } => &TRUST_DOMAIN,
            Self::NotYetValid { .. } => &NOT_YET_VALID,
            Self::Expired { .. } => &EXPIRED,
            Self::Lifetime { .. } => &LIFETIME,
            Self::Revoked { .. } => &REVOKED,
            Self::PolicyEpoch { .. } => &POLICY_EPOCH,
            Self::Anchor { .. } => &ANCHOR,
            Self::Tier { .. } => &TIER,
            Self::Signing(_) => &SIGNING,
        }
    }
}
