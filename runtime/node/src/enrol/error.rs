//! Why an enrolment ended without credentials.

use core::fmt;

use cloister_api::v1;
use cloister_attestation::code::{Code, Diagnostic};
use cloister_attester::AttesterError;
use cloister_channel::credentials::CredentialsError;
use cloister_channel::identity::KeyError;
use cloister_channel::request::RequestError;
use cloister_channel::tls::TlsError;
use cloister_channel::trust::TrustError;
use serde::Serialize;

use crate::attest::CollectError;
use crate::audit::AuditLogError;
use crate::verifier::VerifierError;

cloister_attestation::codes! {
    /// The Verifier refused admission.
    REFUSED = "node.enrol.refused", Operator, "",
        "Do what the remedy of each finding says, then start the runtime again.",
        "The Verifier appraised the Evidence and found something that speaks against admission. Each finding names its check, what was expected, what was there, and what would mend it. The agent was not started.";
    /// The Verifier issued a lease for something else.
    OTHER_LEASE = "node.enrol.other_lease", Operator, "",
        "Admit the image under the agent, name and version that its agent.toml declares.",
        "The lease that the Verifier issued names another trust domain, agent, image or version than the measured agent.toml. It is not used.";
    /// The Verifier's answer lacks something.
    INCOMPLETE = "node.enrol.incomplete", Peer, "",
        "Run the Verifier and the runtime from the same release.",
        "The Verifier's answer has no trust bundle, or refuses without naming a finding.";
    /// The collecting thread ended early.
    THREAD = "node.enrol.thread", Cloister, "",
        "Report this as a defect, with the log.",
        "The thread that asked the TEE for Evidence ended without an answer.";
}

/// One thing that speaks against admission, as the Verifier says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// Stable code; `cloister explain` tells more.
    pub id: String,
    /// What would have been good.
    pub expected: String,
    /// What was there.
    pub observed: String,
    /// The specification behind the check; may be empty.
    pub spec: String,
    /// What to do.
    pub remedy: String,
}

impl From<v1::Finding> for Finding {
    fn from(wire: v1::Finding) -> Self {
        let v1::Finding { id, expected, observed, spec, remedy } = wire;
        Self { id, expected, observed, spec, remedy }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.id)?;
        writeln!(f, "  expected: {}", self.expected)?;
        writeln!(f, "  observed: {}", self.observed)?;
        write!(f, "  help: {}", self.remedy)
    }
}

/// An enrolment ended without credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolError {
    /// The Verifier refused, for these reasons.
    #[error("the verifier refuses admission: {} findings", .0.len())]
    Refused(Vec<Finding>),
    /// The Verifier refused without a reason.
    #[error("the verifier refuses admission and names no finding")]
    EmptyRefusal,
    /// The Verifier sent no trust bundle.
    #[error("the verifier sent no trust bundle")]
    NoTrustBundle,
    /// The lease is for something else.
    #[error("the lease is for {what} {observed}, not {expected}")]
    OtherLease {
        /// What is different.
        what: &'static str,
        /// As `agent.toml` has it.
        expected: String,
        /// As the lease has it.
        observed: String,
    },
    /// The Verifier gave no answer.
    #[error(transparent)]
    Verifier(#[from] VerifierError),
    /// The TEE gave no Evidence.
    #[error(transparent)]
    Attester(AttesterError),
    /// The collecting thread ended early.
    #[error("the collecting thread ended early")]
    Thread(#[source] tokio::task::JoinError),
    /// The audit log has failed: there is no head of it to bind.
    #[error(transparent)]
    Audit(#[from] AuditLogError),
    /// No key could be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The request could not be signed.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The trust bundle makes no sense.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// Peers would refuse the credentials.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The credentials cannot be used for TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl EnrolError {
    /// What speaks against admission, if the Verifier refused for stated reasons.
    #[must_use]
    pub fn findings(&self) -> Option<&[Finding]> {
        if let Self::Refused(findings) = self { Some(findings) } else { None }
    }

    /// Whether trying again may help without anybody changing anything.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Verifier(_) | Self::Trust(_) | Self::Thread(_))
    }
}

impl From<CollectError> for EnrolError {
    fn from(error: CollectError) -> Self {
        match error {
            CollectError::Attester(error) => Self::Attester(error),
            CollectError::Thread(error) => Self::Thread(error),
        }
    }
}

impl Diagnostic for EnrolError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Refused(_) => &REFUSED,
            Self::EmptyRefusal | Self::NoTrustBundle => &INCOMPLETE,
            Self::OtherLease { .. } => &OTHER_LEASE,
            Self::Verifier(error) => error.code(),
            Self::Attester(error) => error.code(),
            Self::Thread(_) => &THREAD,
            Self::Audit(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Request(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Credentials(error) => error.code(),
            Self::Tls(error) => error.code(),
        }
    }
}
