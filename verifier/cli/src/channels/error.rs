//! Why there is no list of channels.

use std::net::SocketAddr;

use cloister_attestation::code::{Code, Diagnostic};

use crate::answer::Exit;

cloister_attestation::codes! {
    /// The runtime does not answer.
    UNREACHABLE = "cli.channels.unreachable", Operator, "",
        "Check that cloisterd runs here, and pass the operator address of its node.toml as `--operator`.",
        "The runtime's operator port did not answer. It listens on a loopback address, 127.0.0.1:4601 unless node.toml says otherwise; `addresses.json` in the runtime's state folder names it.";
    /// The answer is not a runtime's.
    ANSWER = "cli.channels.answer", Operator, "",
        "Pass the operator address of a runtime of this program's version as `--operator`.",
        "Something answers at the operator address, and its answer is not what was asked for: it is another program, the runtime's surface for its agent, or a runtime of another version.";
    /// Nothing to ask with.
    PROCESS = "cli.channels.process", Caller, "",
        "Check the limits of the process.",
        "The operating system gave this program no place to wait for an answer.";
}

/// There is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChannelsError {
    /// Nobody answers.
    #[error("the runtime at {operator} does not answer")]
    Unreachable {
        /// Where.
        operator: SocketAddr,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another status.
    #[error("the answer has status {0}")]
    Status(http::StatusCode),
    /// Another document.
    #[error("the answer is not what was asked for")]
    Answer(#[from] serde_json::Error),
    /// The process has no room for it.
    #[error("cannot wait for an answer")]
    Process(#[source] std::io::Error),
}

impl ChannelsError {
    pub(super) fn unreachable(
        operator: SocketAddr,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unreachable { operator, source: source.into() }
    }

    /// How the command ends with it.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Process(_) => Exit::Misuse,
            Self::Unreachable { .. } | Self::Status(_) | Self::Answer(_) => Exit::NoConclusion,
        }
    }
}

impl Diagnostic for ChannelsError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Unreachable { .. } => &UNREACHABLE,
            Self::Status(_) | Self::Answer(_) => &ANSWER,
            Self::Process(_) => &PROCESS,
        }
    }
}
