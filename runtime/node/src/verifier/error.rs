//! Why the Verifier gave no answer that could be used.

use cloister_attestation::code::{Code, Diagnostic};

cloister_attestation::codes! {
    /// The Verifier cannot be reached.
    UNREACHABLE = "node.verifier.unreachable", Operator, "",
        "Check that the Verifier runs and that `verifier` in node.toml reaches it from here.",
        "No connection to the Verifier came about, or it broke. A live lease keeps working until its end; without one, the agent is not started. The runtime keeps trying.";
    /// Who answers is not the pinned Verifier.
    PIN = "node.verifier.pin", Operator, "",
        "Point `verifier` in node.toml at the Verifier that agent.toml pins, or rebuild the image with the right trust root.",
        "TLS with whoever answers at the Verifier's address failed: its certificate does not chain to the trust root in agent.toml, does not carry the pinned name, is out of date, or it speaks no TLS 1.3. It was told nothing.";
    /// The Verifier refused the call itself.
    REFUSED_CALL = "node.verifier.call", Operator, "",
        "Look into the Verifier's log for the reason.",
        "The Verifier answered with an error instead of a result: the request is not one that it takes, or it cannot serve at the moment.";
    /// The Verifier's answer makes no sense.
    ANSWER = "node.verifier.answer", Peer, "",
        "Run the Verifier and the runtime from the same release.",
        "The Verifier's answer lacks something that this version needs, or has it in another form.";
}

/// The Verifier gave no answer that could be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierError {
    /// No connection.
    #[error("cannot reach the verifier at {address}")]
    Unreachable {
        /// Where it should be.
        address: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// TLS failed: this is not the pinned Verifier.
    #[error("whoever answers at {address} is not the pinned verifier")]
    Pin {
        /// Who answered.
        address: String,
        /// What TLS says.
        #[source]
        source: rustls::Error,
    },
    /// The pin itself cannot be used.
    #[error("the pinned trust root cannot be used")]
    Root(#[source] rustls::Error),
    /// The call ended with an error status.
    #[error("the verifier answered {:?}: {}", .0.code(), .0.message())]
    Call(Box<tonic::Status>),
    /// The answer makes no sense.
    #[error("the verifier answered with {0}")]
    Answer(&'static str),
}

impl VerifierError {
    /// Whether the Verifier says that what was asked for does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Call(status) if status.code() == tonic::Code::NotFound)
    }
}

impl From<tonic::Status> for VerifierError {
    fn from(status: tonic::Status) -> Self {
        Self::Call(Box::new(status))
    }
}

impl Diagnostic for VerifierError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Unreachable { .. } => &UNREACHABLE,
            Self::Pin { .. } | Self::Root(_) => &PIN,
            Self::Call(status) if status.code() == tonic::Code::Unavailable => &UNREACHABLE,
            Self::Call(_) => &REFUSED_CALL,
            Self::Answer(_) => &ANSWER,
        }
    }
}
