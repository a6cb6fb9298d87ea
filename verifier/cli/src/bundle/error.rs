//! Why a bundle could not be made or read.

use std::path::PathBuf;

use cloister_attestation::bundle::BundleError;
use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::evidence::ParseError;
use cloister_attestation::key::KeyError;

use crate::answer::Exit;
use crate::codes;
use crate::evidence::DemandsError;
use crate::evidence::folder::FolderError;
use crate::evidence::stages::Unreadable;
use crate::file::FileError;

/// A command about a bundle failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Demands(#[from] DemandsError),
    #[error(transparent)]
    Bundle(#[from] BundleError),
    #[error("{}", .path.display())]
    Evidence { path: PathBuf, source: ParseError },
    #[error("{}: {error}", .path.display())]
    Endorsements { path: PathBuf, error: Unreadable },
    #[error("{}", .path.display())]
    Key { path: PathBuf, source: KeyError },
    #[error("{} can be read by others (mode {mode:03o})", .path.display())]
    Unprotected { path: PathBuf, mode: u32 },
    #[error("cannot write {}", .path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[error("fetching cannot begin")]
    Fetch { source: Box<dyn std::error::Error + Send + Sync> },
}

impl CommandError {
    /// What a bundle or Evidence says against itself is a refusal; everything else is misuse.
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Bundle(_) | Self::Evidence { .. } | Self::Endorsements { .. } => Exit::Refused,
            Self::Demands(error) => error.exit(),
            Self::File(_)
            | Self::Folder(_)
            | Self::Key { .. }
            | Self::Unprotected { .. }
            | Self::Write { .. }
            | Self::Fetch { .. } => Exit::Misuse,
        }
    }
}

impl Diagnostic for CommandError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::Folder(error) => error.code(),
            Self::Demands(error) => error.code(),
            Self::Bundle(error) => error.code(),
            Self::Evidence { source, .. } => source.code(),
            Self::Endorsements { error, .. } => error.code(),
            Self::Key { source, .. } => source.code(),
            Self::Unprotected { .. } => &codes::KEY,
            Self::Write { .. } => &codes::WRITE,
            Self::Fetch { .. } => &codes::FETCH,
        }
    }
}
