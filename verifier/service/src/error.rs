//! Why a request was not carried out. A refused admission is none of these: it is an answer.

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::policy::PolicyError;
use cloister_attestation::reference::ReferenceError;
use cloister_attestation::time::UnixTime;
use cloister_audit::AuditError;
use cloister_channel::lease::LeaseError;

use crate::challenge::ChallengeError;
use crate::state::StateError;
use crate::store::StoreError;

cloister_attestation::codes! {
    /// Too many requests at once.
    BUSY = "service.busy", Caller, "",
        "Try again in a few seconds.",
        "More lease requests wait than the Verifier takes on. Nothing was decided about this one.";
    /// The operator's token is missing or wrong.
    OPERATOR = "service.operator", Caller, "RFC 6750 section 2.1",
        "Pass the content of operator.token in the Verifier's data folder, with `--token-file`.",
        "Operators show a bearer token. The request came without one, or with another.";
    /// The caller shows no live lease.
    LEASE_REQUIRED = "service.lease_required", Caller, "",
        "Connect with the certificate of a lease that is live and not revoked.",
        "The registry answers admitted runtimes. The connection came without a runtime's certificate, or its lease has ended, was revoked, or does not belong to the certificate.";
    /// A name does not read.
    ARGUMENT = "service.argument", Caller, "",
        "Correct the argument that the message names.",
        "An argument is not of the form that it has to have: an agent's name, a tuple's digest, a reason of readable length.";
    /// There is no such thing.
    NOT_FOUND = "service.not_found", Caller, "",
        "Look up the name with `cloister image list` or `cloister agents list`.",
        "Nothing is known under the name that the request gives.";
    /// The image was revoked.
    REVOKED = "service.image_revoked", Caller, "",
        "Build and admit a new version of the image.",
        "A revoked image is not admitted again: whoever still holds its leases must never be able to use them.";
    /// The agent's state does not allow it.
    STATE = "service.agent_state", Caller, "",
        "See the agent's state with `cloister agents show`.",
        "The agent is in a state in which this cannot be done: a retired agent stays retired.";
    /// The request is larger than it may be.
    TOO_LARGE = "service.too_large", Caller, "",
        "Send less in one request.",
        "The body of the request is larger than anything that this request could mean.";
    /// The body does not read.
    BODY = "service.body", Caller, "",
        "Correct the field that the message names.",
        "The body is not the JSON that this request takes. Unknown fields are refused.";
    /// The request took too long.
    TIMEOUT = "service.timeout", Caller, "",
        "Send the request without pausing, or try again.",
        "The request did not arrive, or was not answered, within its time.";
    /// The lease's policy epoch ended while it was issued.
    EPOCH_ENDED = "service.epoch_ended", Caller, "",
        "Ask for a lease again, with new Evidence.",
        "While the Evidence was appraised, an operator ended the leases of the policy epoch that it was appraised under. Nothing was decided about it.";
    /// The agent's image keeps to its own policy.
    IMAGE_FORBIDS = "service.image_forbids", Caller, "",
        "Build and admit an image whose agent.toml has `source = \"verifier\"` in its policy section.",
        "The measured manifest of the agent's latest lease says that the image's own authorization policy counts and no other. Its runtimes would refuse whatever is published for them.";
    /// The next lease key is too new.
    KEY_TOO_NEW = "service.key_too_new", Caller, "",
        "Rotate again after the time that the message names.",
        "A key is listed for a while before it signs, so that runtimes and relying parties have it by then. The next key was not listed for long enough yet.";
    /// The policy accepts another kind of root.
    POLICY_ANCHORS = "service.policy_anchors", Caller, "",
        "Give the policy the anchors that the Verifier is configured with, or change its configuration.",
        "Whose roots are accepted, the vendors' or one simulator's, is the configuration's to say. A policy for another kind of root would refuse everything.";
    /// Something is wrong inside.
    DEFECT = "service.defect", Cloister, "",
        "Report this as a defect, with the service's log.",
        "Something happened that should not be able to. Nothing was issued.";
}

/// A request was not carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Too many at once.
    #[error("too many requests")]
    Busy,
    /// No operator.
    #[error("the operator's token is missing or wrong")]
    Operator,
    /// No admitted runtime.
    #[error("the caller shows no live lease: {reason}")]
    LeaseRequired {
        /// What is wrong with what it shows.
        reason: String,
    },
    /// An argument does not read.
    #[error("{what} is not {expected}")]
    Argument {
        /// Which.
        what: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// Reference Values do not read.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// No such thing.
    #[error("there is no {what} {name}")]
    NotFound {
        /// An image, an agent.
        what: &'static str,
        /// As given, once it was known to be well-formed.
        name: String,
    },
    /// The image was revoked.
    #[error("image {tuple} was revoked")]
    Revoked {
        /// Its tuple's digest.
        tuple: String,
    },
    /// The agent's state does not allow it.
    #[error("agent {name} is {state}")]
    AgentState {
        /// The agent.
        name: String,
        /// Its state.
        state: &'static str,
    },
    /// Too large.
    #[error("the request is larger than {bytes_max} bytes")]
    TooLarge {
        /// What is permitted.
        bytes_max: usize,
    },
    /// The body does not read.
    #[error("the request's body does not read: {reason}")]
    Body {
        /// Where and why.
        reason: String,
    },
    /// Too slow.
    #[error("the request took too long")]
    Timeout,
    /// An authorization policy does not load.
    #[error(transparent)]
    Authorization(#[from] cloister_policy::PolicyError),
    /// The agent's image takes no policy.
    #[error("the image of agent {agent} keeps to its own policy")]
    ImageForbids {
        /// The agent.
        agent: String,
    },
    /// No challenge could be made.
    #[error(transparent)]
    Challenge(#[from] ChallengeError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No certificate could be issued.
    #[error(transparent)]
    Issue(#[from] StateError),
    /// No lease could be signed.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// Issued under a policy epoch that has ended.
    #[error("the policy epoch ended while the lease was issued")]
    EpochEnded,
    /// The next lease key is too new.
    #[error("the next lease key may sign from {from} on")]
    KeyTooNew {
        /// From when on.
        from: UnixTime,
    },
    /// A policy does not read.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A policy for another kind of root.
    #[error("the policy accepts another kind of root than the configuration")]
    PolicyAnchors,
    /// An audit log is not the one that was shown before, or does not read.
    #[error(transparent)]
    Log(#[from] AuditError),
    /// Something is wrong inside.
    #[error("internal error")]
    Defect,
}

impl Diagnostic for ServiceError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Busy => &BUSY,
            Self::Operator => &OPERATOR,
            Self::LeaseRequired { .. } => &LEASE_REQUIRED,
            Self::Argument { .. } => &ARGUMENT,
            Self::Reference(error) => error.code(),
            Self::NotFound { .. } => &NOT_FOUND,
            Self::Revoked { .. } => &REVOKED,
            Self::AgentState { .. } => &STATE,
            Self::TooLarge { .. } => &TOO_LARGE,
            Self::Body { .. } => &BODY,
            Self::Timeout => &TIMEOUT,
            Self::Challenge(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Issue(error) => error.code(),
            Self::Lease(error) => error.code(),
            Self::EpochEnded => &EPOCH_ENDED,
            Self::KeyTooNew { .. } => &KEY_TOO_NEW,
            Self::Policy(error) => error.code(),
            Self::Authorization(error) => error.code(),
            Self::ImageForbids { .. } => &IMAGE_FORBIDS,
            Self::PolicyAnchors => &POLICY_ANCHORS,
            Self::Log(error) => error.code(),
            Self::Defect => &DEFECT,
        }
    }
}

/// An error and its causes, on one line.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}
