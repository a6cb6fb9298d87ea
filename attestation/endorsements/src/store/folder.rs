//! A folder with one file for each entry.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::publication::Response;
use cloister_attestation::time::UnixTime;
use serde::{Deserialize, Serialize};

use super::{ContentStore, Entry, StoreError};
use crate::limits::{STORE_ENTRIES_MAX, STORE_ENTRY_BYTES_MAX};

/// A folder that holds entries under the digest of their key, and nothing else. Bounded: the
/// files that were written first go first. Several processes may use it at once.
#[derive(Clone, Debug)]
pub struct FolderStore {
    folder: PathBuf,
    entries_max: usize,
}

/// A file's content. The key is in it, so that a file that was renamed is not believed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    key: String,
    fetched_at: UnixTime,
    issuer_chain: Option<String>,
    body: String,
}

const EXTENSION: &str = "json";

impl FolderStore {
    /// Opens `folder`, making it if it is not there.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if it cannot be made.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(folder).map_err(|source| unusable(folder, source))?;
        Ok(Self { folder: folder.to_owned(), entries_max: STORE_ENTRIES_MAX })
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{}.{EXTENSION}", Digest48::sha384(key.as_bytes())))
    }

    /// Removes the oldest files beyond the limit.
    fn prune(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for file in fs::read_dir(&self.folder)? {
            let file = file?;
            if file.path().extension() == Some(OsStr::new(EXTENSION)) {
                files.push((
                    file.metadata()?.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                    file.path(),
                ));
            }
        }
        let surplus = files.len().saturating_sub(self.entries_max);
        if surplus > 0 {
            files.sort();
        }
        files.into_iter().take(surplus).try_for_each(|(_, path)| match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
    }
}

impl ContentStore for FolderStore {
    fn load(&self, key: &str) -> Result<Option<Entry>, StoreError> {
        let path = self.path(key);
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(unusable(&path, source)),
        };
        entry(&bytes, key).map(Some).map_err(|reason| StoreError::Corrupt { path, reason })
    }

    fn keep(&self, key: &str, entry: &Entry) -> Result<(), StoreError> {
        let document = Document {
            key: key.to_owned(),
            fetched_at: entry.fetched_at,
            issuer_chain: entry.response.issuer_chain.clone(),
            body: hex::encode(&entry.response.body),
        };
        let path = self.path(key);
        let text = serde_json::to_vec(&document).map_err(io::Error::from);
        text.and_then(|text| replace(&path, &text)).map_err(|source| unusable(&path, source))?;
        self.prune().map_err(|source| unusable(&self.folder, source))
    }
}

fn entry(bytes: &[u8], key: &str) -> Result<Entry, String> {
    let document: Document = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if document.key != key {
        return Err(format!("it belongs to {}", document.key));
    }
    let body = hex::decode(&document.body).map_err(|error| error.to_string())?;
    let response = Response { body, issuer_chain: document.issuer_chain };
    Ok(Entry { fetched_at: document.fetched_at, response })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let len =
        File::open(path)?.take(STORE_ENTRY_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(len).unwrap_or(u64::MAX) > STORE_ENTRY_BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// The whole new content or the whole old one is there at any time.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let mut file = File::create(&partial)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(partial, path)
}

fn unusable(path: &Path, source: io::Error) -> StoreError {
    StoreError::Unusable { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
