//! Why a result could not be read, verified or made.

use std::path::PathBuf;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::ear::EarError;
use cloister_attestation::key::KeyError;

use crate::answer::Exit;
use crate::bundle::CommandError;
use crate::codes;
use crate::evidence::DemandsError;
use crate::file::FileError;

/// A command about results failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ResultError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A time does not read.
    #[error(transparent)]
    Demands(#[from] DemandsError),
    /// The key that signs does not read, or others may read it.
    #[error(transparent)]
    Signer(#[from] CommandError),
    /// A key does not read.
    #[error("key {}", .path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// The result was refused.
    #[error(transparent)]
    Refused(#[from] EarError),
    /// A result could not be signed.
    #[error("no result was made")]
    Unsigned(#[source] EarError),
    /// A result could not be written.
    #[error("cannot write {}", .path.display())]
    Unwritten {
        /// Where to.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no randomness to name a result with.
    #[error("no random bytes")]
    Random,
}

impl ResultError {
    /// Whose turn it is, as an exit code: what is wrong with a key set is not said of a result.
    pub(super) const fn exit(&self) -> Exit {
        match self {
            Self::Refused(EarError::KeySet { .. }) => Exit::Misuse,
            Self::Refused(_) => Exit::Refused,
            Self::File(_)
            | Self::Demands(_)
            | Self::Signer(_)
            | Self::Key { .. }
            | Self::Unsigned(_)
            | Self::Unwritten { .. }
            | Self::Random => Exit::Misuse,
        }
    }
}

impl Diagnostic for ResultError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Demands(error) => error.code(),
            Self::Key { source, .. } => source.code(),
            Self::Signer(error) => error.code(),
            Self::Unwritten { .. } => &codes::WRITE,
            Self::Refused(error) => error.code(),
            Self::Unsigned(_) | Self::Random => &codes::RESULT,
        }
    }
}
