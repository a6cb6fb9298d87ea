//! Why there is nothing to judge.

use std::path::PathBuf;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_channel::document::DocumentError;
use cloister_channel::tls::{HandshakeError, TlsError};

use super::codes;
use crate::answer::Exit;
use crate::bundle::CommandError;
use crate::evidence::DemandsError;
use crate::file::FileError;
use crate::operator::OperatorError;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A runtime could not be asked, or gave no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoteError {
    /// An argument does not read, or the Verifier gives no trust bundle.
    #[error(transparent)]
    Operator(#[from] OperatorError),
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The demands cannot be read.
    #[error(transparent)]
    Demands(#[from] DemandsError),
    /// What is missing cannot be fetched.
    #[error(transparent)]
    Fetch(#[from] CommandError),
    /// The file is not what trust is made of.
    #[error("{} is of no use here: {reason}", .path.display())]
    Trust {
        /// Which file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The process has no room for it.
    #[error("cannot wait for an answer")]
    Process(#[source] std::io::Error),
    /// No random bytes.
    #[error("no random bytes for a nonce")]
    Random,
    /// TLS is not configured.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// No connection, or it broke.
    #[error("the runtime at {address} does not answer")]
    Unreachable {
        /// As given.
        address: String,
        /// Why.
        source: Cause,
    },
    /// The handshake is not one that a document can be asked for on.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The runtime gave another answer.
    #[error("the runtime gave no document: {message} ({status})")]
    Declined {
        /// Its own words, and how long it asks to wait.
        message: String,
        /// The HTTP status.
        status: http::StatusCode,
    },
    /// What came is no document.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl Diagnostic for RemoteError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Operator(error) => error.code(),
            Self::File(error) => error.code(),
            Self::Demands(error) => error.code(),
            Self::Fetch(error) => error.code(),
            Self::Trust { .. } => &codes::TRUST,
            Self::Process(_) | Self::Random => &codes::PROCESS,
            Self::Tls(error) => error.code(),
            Self::Unreachable { .. } => &codes::UNREACHABLE,
            Self::Handshake(error) => error.code(),
            Self::Declined { .. } => &codes::DECLINED,
            Self::Document(error) => error.code(),
        }
    }
}

impl RemoteError {
    /// How a command that failed with it ends.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Operator(error) => error.exit(),
            Self::Demands(error) => error.exit(),
            Self::Fetch(error) => error.exit(),
            Self::Document(_) => Exit::Refused,
            Self::File(_) | Self::Trust { .. } | Self::Process(_) | Self::Random | Self::Tls(_) => {
                Exit::Misuse
            }
            Self::Unreachable { .. } | Self::Handshake(_) | Self::Declined { .. } => {
                Exit::NoConclusion
            }
        }
    }
}
