//! What has to be right before a Verifier is asked, and was not.

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attester::AttesterError;
use cloister_channel::identity::KeyError;
use cloister_channel::name::NameError;
use cloister_gateway::{AgentAddressError, ToolServerError};
use cloister_guest::fence::FenceError;
use cloister_policy::PolicyError;

use crate::addresses::StateError;
use crate::audit::AuditLogError;
use crate::serve::BindError;
use crate::workload::DeclareError;

cloister_attestation::codes! {
    /// A part of the start-up ended early.
    THREAD = "node.boot.thread", Cloister, "",
        "Report this as a defect, with the log.",
        "A thread that prepares the start ended without an answer, or was given an address or a tool server that the configuration should have refused.";
}

/// The runtime could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootError {
    /// No TEE, or none that can be used.
    #[error(transparent)]
    Attester(#[from] AttesterError),
    /// No identity key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A declared file cannot be read.
    #[error(transparent)]
    Declare(#[from] DeclareError),
    /// The policy bundle is not valid.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The agent's name is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// An address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The state folder cannot be written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The audit log cannot begin.
    #[error(transparent)]
    Audit(#[from] AuditLogError),
    /// A thread ended early.
    #[error("a thread of the start-up ended early")]
    Thread(#[from] tokio::task::JoinError),
    /// The agent's address is not on loopback.
    #[error(transparent)]
    AgentAddress(#[from] AgentAddressError),
    /// The agent's fence cannot be put up.
    #[error(transparent)]
    Fence(#[from] FenceError),
    /// A tool server cannot be had.
    #[error(transparent)]
    Tools(#[from] ToolServerError),
}

impl Diagnostic for BootError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Attester(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Declare(error) => error.code(),
            Self::Policy(error) => error.code(),
            Self::Name(error) => error.code(),
            Self::Bind(error) => error.code(),
            Self::State(error) => error.code(),
            Self::Audit(error) => error.code(),
            Self::Fence(error) => error.code(),
            Self::Thread(_) | Self::AgentAddress(_) | Self::Tools(_) => &THREAD,
        }
    }
}
