//! Why nothing was predicted or published.

use std::path::PathBuf;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::corim::CorimError;
use cloister_image::folder::FolderError;
use cloister_image::measure::MeasureError;

use crate::answer::{Answer, Exit};
use crate::bundle::CommandError as KeyError;
use crate::codes;
use crate::file::FileError;

/// Nothing was predicted or published.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Folder(Box<FolderError>),
    #[error("{}", .path.display())]
    Measure { path: PathBuf, source: MeasureError },
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Corim(#[from] CorimError),
    #[error("`{text}` is not a time as in 2027-01-31T00:00:00Z")]
    Time { text: String },
    #[error("the version would take its own place, or its values would never hold")]
    Terms,
    #[error("cannot write {}", .path.display())]
    Write { path: PathBuf, source: std::io::Error },
}

impl CommandError {
    /// Told, as misuse: something that was named cannot be used.
    pub(super) fn answer(&self) -> Answer {
        Answer::error(Exit::Misuse, self)
    }
}

impl From<FolderError> for CommandError {
    fn from(error: FolderError) -> Self {
        Self::Folder(Box::new(error))
    }
}

impl Diagnostic for CommandError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Folder(error) => error.code(),
            Self::Measure { source, .. } => source.code(),
            Self::Key(error) => error.code(),
            Self::Corim(error) => error.code(),
            Self::Time { .. } | Self::Terms => &codes::SETTINGS,
            Self::Write { .. } => &codes::WRITE,
        }
    }
}
