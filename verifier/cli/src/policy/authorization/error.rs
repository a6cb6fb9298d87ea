//! Why an authorization policy, or the cases beside it, could not be used.

use std::path::PathBuf;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_policy::PolicyError;

use crate::codes;
use crate::file::FileError;

/// Nothing could be tested or explained.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthorizationError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A bundle does not load.
    #[error("{}: {source}", .path.display())]
    Policy {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Box<PolicyError>,
    },
    /// A case file does not read.
    #[error("{}: {reason}", .path.display())]
    Cases {
        /// Which file.
        path: PathBuf,
        /// The line and why.
        reason: String,
    },
    /// A folder has no policy, or a policy no cases.
    #[error("{} has no {what}", .path.display())]
    Missing {
        /// Where.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
    },
    /// No case has this name.
    #[error("no case is called {name:?}; there are: {}", .known.join(", "))]
    UnknownCase {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
}

impl Diagnostic for AuthorizationError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Policy { source, .. } => source.code(),
            Self::Cases { .. } => &codes::CASES,
            Self::Missing { .. } => &codes::NO_CASES,
            Self::UnknownCase { .. } => &codes::UNKNOWN_CASE,
        }
    }
}
