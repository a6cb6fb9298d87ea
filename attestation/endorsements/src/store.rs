//! What survives a restart: answers as they were received, by key.

mod folder;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::publication::Response;
use cloister_attestation::time::UnixTime;

pub use folder::FolderStore;

cloister_attestation::codes! {
    /// An entry cannot be read or written.
    UNUSABLE = "fetch.store", Operator, "",
        "Check the room on the disk and the rights on the folder that the message names.",
        "The folder in which fetched documents are kept cannot be read or written. Documents are fetched anew, and are lost with the process.";
    /// An entry is not what its name says.
    CORRUPT = "fetch.store.corrupt", Operator, "",
        "Remove the file that the message names.",
        "A file among the kept documents is not one that was written there under its name. It is left out, and the document is fetched anew.";
}

/// An answer that verified when it was put there, and when that was. Not trusted: it is verified
/// again whenever it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it arrived.
    pub fetched_at: UnixTime,
    /// The answer.
    pub response: Response,
}

/// Keeps answers by key. A key holds everything that tells documents apart: the root that they
/// end at, the service, and its path with product, chip and full TCB, or FMSPC, CA and evaluation.
///
/// Methods may block.
pub trait ContentStore: fmt::Debug + Send + Sync {
    /// What is kept under `key`.
    ///
    /// # Errors
    /// [`StoreError`]: the document is then fetched.
    fn load(&self, key: &str) -> Result<Option<Entry>, StoreError>;

    /// Keeps `entry` under `key` in place of what is there.
    ///
    /// # Errors
    /// [`StoreError`]: what was there stays.
    fn keep(&self, key: &str, entry: &Entry) -> Result<(), StoreError>;
}

/// The store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or the folder cannot be read or written.
    #[error("cannot use {}", .path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not the entry that its name says.
    #[error("{} is not the entry that its name says: {reason}", .path.display())]
    Corrupt {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl Diagnostic for StoreError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Unusable { .. } => &UNUSABLE,
            Self::Corrupt { .. } => &CORRUPT,
        }
    }
}

/// Keeps answers as long as the process lives: for a command that runs once.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<HashMap<String, Entry>>);

impl ContentStore for MemoryStore {
    fn load(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    fn keep(&self, key: &str, entry: &Entry) -> Result<(), StoreError> {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.insert(key.to_owned(), entry.clone());
        Ok(())
    }
}
