//! Why a TPM gave no answer.

use std::io;

use cloister_attestation::code::{Code, Diagnostic};

use super::rc::ResponseCode;
use crate::codes;

/// Why a TPM gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TpmError {
    /// The way to the TPM failed.
    #[error("{command} did not reach the TPM or its answer did not come back")]
    Transport {
        /// The command, by the specification's name.
        command: &'static str,
        /// What went wrong.
        source: io::Error,
    },
    /// What came back is no answer to this command.
    #[error("answer to {command} is malformed: {reason}")]
    Malformed {
        /// The command, by the specification's name.
        command: &'static str,
        /// In which way.
        reason: String,
    },
    /// The TPM refused.
    #[error("{command} failed with {code}")]
    Refused {
        /// The command, by the specification's name.
        command: &'static str,
        /// What the TPM said.
        code: ResponseCode,
    },
    /// A parameter has a size that cannot be written down.
    #[error("{command} would have a parameter that is too long")]
    TooLong {
        /// The command, by the specification's name.
        command: &'static str,
    },
}

impl TpmError {
    /// Whether the TPM said that a handle names nothing.
    #[must_use]
    pub fn is_absence(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code.is_absence())
    }
}

impl Diagnostic for TpmError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Transport { .. } => &codes::TPM_TRANSPORT,
            Self::Malformed { .. } => &codes::TPM_RESPONSE,
            Self::Refused { .. } => &codes::TPM_REFUSED,
            Self::TooLong { .. } => &codes::TPM_COMMAND,
        }
    }
}
