//! Reading and writing files that are named by people, up to a size.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use cloister_attestation::code::{Code, Diagnostic};

use crate::limits::DOCUMENT_BYTES_MAX;

cloister_attestation::codes! {
    /// A file cannot be read.
    READ = "image.file.read", Caller, "",
        "Name a file or folder that exists, that you may read, and that is not larger than the message allows.",
        "A file or folder that the build needs could not be read. The message has its path and the operating system's reason.";
    /// A file cannot be written.
    WRITE = "image.file.write", Caller, "",
        "Name a folder that you may write to, on a file system with room.",
        "A file of the image, or of the cache, could not be written. The message has its path and the operating system's reason.";
}

/// A file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system does not let it be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is larger than anything that belongs there.
    #[error("{} is larger than {most} bytes", .path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// What is allowed.
        most: u64,
    },
    /// It is not text.
    #[error("{} is not UTF-8 text", .path.display())]
    NotText {
        /// Which file.
        path: PathBuf,
    },
    /// The operating system does not let it be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Diagnostic for FileError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Read { .. } | Self::TooLarge { .. } | Self::NotText { .. } => &READ,
            Self::Write { .. } => &WRITE,
        }
    }
}

impl FileError {
    /// For `map_err` of what reads `path`.
    pub(crate) fn reading(path: &Path) -> impl FnOnce(io::Error) -> Self + use<'_> {
        |source| Self::Read { path: path.to_owned(), source }
    }

    /// For `map_err` of what writes `path`.
    pub(crate) fn writing(path: &Path) -> impl FnOnce(io::Error) -> Self + use<'_> {
        |source| Self::Write { path: path.to_owned(), source }
    }
}

/// The whole file, if it has at most `most` bytes.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
    let file = File::open(path).map_err(FileError::reading(path))?;
    let size = file.metadata().map_err(FileError::reading(path))?.len();
    let too_large = || FileError::TooLarge { path: path.to_owned(), most };
    if size > most {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    // One byte more than allowed, to tell a full file from one that goes on.
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(FileError::reading(path))?;
    match u64::try_from(bytes.len()) {
        Ok(len) if len <= most => Ok(bytes),
        Ok(_) | Err(_) => Err(too_large()),
    }
}

/// The whole file as text, if it is a document.
pub(crate) fn read_text(path: &Path) -> Result<String, FileError> {
    String::from_utf8(read(path, DOCUMENT_BYTES_MAX)?)
        .map_err(|_| FileError::NotText { path: path.to_owned() })
}

/// Writes a file, in place of one that is there.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    fs::write(path, bytes).map_err(FileError::writing(path))
}

/// Makes a folder and those above it.
pub(crate) fn make_folder(path: &Path) -> Result<(), FileError> {
    fs::create_dir_all(path).map_err(FileError::writing(path))
}

/// What a folder holds, in the order of names, which is no file system's own.
pub(crate) fn list(path: &Path) -> Result<Vec<PathBuf>, FileError> {
    let entries = fs::read_dir(path).map_err(FileError::reading(path))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(FileError::reading(path))?;
    paths.sort();
    Ok(paths)
}
