//! Reading files that a person names, up to a size.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use cloister_attestation::code::{Code, Diagnostic};

use crate::codes;

/// More than any file that this program reads can usefully have; the parsers are stricter.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The operating system says no.
    #[error("cannot read {}", .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is larger than anything that belongs here.
    #[error("{} is larger than 8 MiB", .path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
    },
    /// It is not text.
    #[error("{} is not UTF-8 text", .path.display())]
    NotText {
        /// Which file.
        path: PathBuf,
    },
}

impl Diagnostic for FileError {
    fn code(&self) -> &'static Code {
        &codes::FILE
    }
}

/// The whole file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let unreadable = |source| FileError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // One byte more than allowed, to tell a full file from one that goes on.
    file.take(FILE_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    match u64::try_from(bytes.len()) {
        Ok(len) if len <= FILE_BYTES_MAX => Ok(bytes),
        Ok(_) | Err(_) => Err(FileError::TooLarge { path: path.to_owned() }),
    }
}

/// The whole file as text.
pub(crate) fn read_text(path: &Path) -> Result<String, FileError> {
    String::from_utf8(read(path)?).map_err(|_| FileError::NotText { path: path.to_owned() })
}

/// Replaces a file whole or not at all: whoever reads it never sees half of it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    std::fs::write(&name, bytes).and_then(|()| std::fs::rename(&name, path))
}
