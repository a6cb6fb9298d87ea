//! Why there is no forecast.

use std::path::PathBuf;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::forecast::MinimumsError;
use cloister_attestation::tdx::CollateralError;
use cloister_attestation::verify::VerifyError;

use crate::answer::Exit;
use crate::bundle::CommandError;
use crate::codes;
use crate::evidence::DemandsError;
use crate::file::FileError;
use crate::operator::OperatorError;

/// A forecast could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum FleetError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Demands(#[from] DemandsError),
    #[error(transparent)]
    Source(#[from] CommandError),
    #[error(transparent)]
    Operator(#[from] OperatorError),
    #[error("{}", .path.display())]
    Collateral { path: PathBuf, source: CollateralError },
    #[error("{}", .name)]
    Verify { name: String, source: VerifyError },
    #[error("{}", .path.display())]
    Minimums { path: PathBuf, source: MinimumsError },
    #[error("what the Verifier says of {machine} does not read")]
    Machine { machine: String, source: serde_json::Error },
}

impl FleetError {
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::File(_) | Self::Minimums { .. } => Exit::Misuse,
            Self::Demands(error) => error.exit(),
            Self::Source(error) => error.exit(),
            Self::Operator(error) => error.exit(),
            Self::Collateral { .. } => Exit::Refused,
            Self::Verify { source: VerifyError::Incomplete { .. }, .. } => Exit::NoConclusion,
            Self::Verify { .. } => Exit::Refused,
            Self::Machine { .. } => Exit::NoConclusion,
        }
    }
}

impl Diagnostic for FleetError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Demands(error) => error.code(),
            Self::Source(error) => error.code(),
            Self::Operator(error) => error.code(),
            Self::Collateral { source, .. } => source.code(),
            Self::Verify { source, .. } => source.code(),
            Self::Minimums { source, .. } => source.code(),
            Self::Machine { .. } => &codes::MACHINE,
        }
    }
}
