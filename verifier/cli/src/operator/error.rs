//! Why an operator command did not do what was asked.

use std::path::PathBuf;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::corim::CorimError;
use cloister_attestation::reference::ReferenceError;
use tonic::{Code as Status, Status as Answer};

use crate::answer::Exit;
use crate::codes;
use crate::file::FileError;
use crate::text::printable;

/// An operator command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A setting is absent or cannot be used.
    #[error("{reason}")]
    Settings {
        /// Which, and why.
        reason: String,
    },
    /// The certificate to pin cannot be used.
    #[error("{} cannot be pinned: {reason}", .path.display())]
    Trust {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The CoRIM is refused.
    #[error(transparent)]
    Corim(#[from] CorimError),
    /// The Reference Values do not read.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// No answer came.
    #[error("the Verifier at {address} does not answer")]
    Unreachable {
        /// As configured.
        address: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The Verifier said no.
    #[error("the Verifier refused: {message} ({status})")]
    Refused {
        /// Its own words.
        message: String,
        /// The gRPC status, in words.
        status: &'static str,
    },
}

impl Diagnostic for OperatorError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Settings { .. } => &codes::SETTINGS,
            Self::Trust { .. } => &codes::TRUST,
            Self::Corim(error) => error.code(),
            Self::Reference(error) => error.code(),
            Self::Unreachable { .. } => &codes::UNREACHABLE,
            Self::Refused { .. } => &codes::REFUSED,
        }
    }
}

impl OperatorError {
    /// How a command that failed with it ends.
    #[must_use]
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::File(_) | Self::Settings { .. } | Self::Trust { .. } | Self::Reference(_) => {
                Exit::Misuse
            }
            Self::Corim(CorimError::Key) => Exit::Misuse,
            Self::Corim(_) | Self::Refused { .. } => Exit::Refused,
            Self::Unreachable { .. } => Exit::NoConclusion,
        }
    }

    /// What a call's status means: an answer by the Verifier, or none.
    pub(crate) fn from_status(status: Answer, address: &str) -> Self {
        let silent = [Status::Unavailable, Status::DeadlineExceeded, Status::Cancelled];
        if silent.contains(&status.code()) {
            return Self::Unreachable { address: address.to_owned(), source: status.into() };
        }
        let (message, status) = (printable(status.message()), status.code().description());
        Self::Refused { message, status }
    }
}

#[cfg(test)]
mod tests {
    use tonic::Status;

    use super::OperatorError;

    #[test]
    fn a_verifier_that_answers_has_refused_and_one_that_does_not_is_unreachable() {
        let refused = OperatorError::from_status(Status::unauthenticated("no\u{1b}[2J"), "a");
        assert_eq!(
            refused.to_string(),
            "the Verifier refused: no\u{fffd}[2J (The request does not have valid authentication credentials)"
        );
        let silent = OperatorError::from_status(Status::deadline_exceeded("late"), "a");
        assert!(matches!(silent, OperatorError::Unreachable { .. }));
    }
}
