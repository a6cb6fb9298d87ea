//! The data folder: entered by one process at a time, readable by its owner alone.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use cloister_channel::identity::KeyError;
use zeroize::Zeroizing;

use super::{StateError, files};

/// An open data folder. The lock on it is held as long as this lives.
#[derive(Debug)]
pub struct Directory {
    root: PathBuf,
    _lock: File,
}

/// The largest secret is the lease keys: two of 138 bytes and six of 91 in base64.
const SECRET_BYTES_MAX: u64 = 4096;
const OWNER_ONLY: u32 = 0o600;
const OTHERS: u32 = 0o077;

impl Directory {
    /// Opens the folder, making it where it does not exist.
    ///
    /// # Errors
    /// [`StateError`] if others have rights on it, or another process uses it.
    pub fn open(root: &Path) -> Result<Self, StateError> {
        DirBuilder::new().recursive(true).mode(0o700).create(root).map_err(at(root))?;
        owner_only(root)?;
        let path = root.join(files::LOCK);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(OWNER_ONLY)
            .open(&path)
            .map_err(at(&path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { root: root.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StateError::InUse { path: root.to_owned() }),
            Err(TryLockError::Error(source)) => Err(StateError::File { path, source }),
        }
    }

    /// Where a file of this folder is.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Reads the secret `name`, or makes it with `make` and keeps it.
    ///
    /// # Errors
    /// [`StateError`] if it cannot be read or written, or others have rights on it.
    pub fn secret(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Zeroizing<Vec<u8>>, StateError>,
    ) -> Result<Zeroizing<Vec<u8>>, StateError> {
        if let Some(stored) = self.read_secret(name)? {
            return Ok(stored);
        }
        let secret = make()?;
        self.write_secret(name, &secret)?;
        Ok(secret)
    }

    /// Writes a secret, replacing what was there.
    ///
    /// # Errors
    /// [`StateError::File`].
    pub(super) fn write_secret(&self, name: &str, secret: &[u8]) -> Result<(), StateError> {
        self.write(name, secret, OWNER_ONLY)
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// [`StateError::File`].
    pub(super) fn remove(&self, name: &str) -> Result<(), StateError> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&path)(error)),
            _ => Ok(()),
        }
    }

    /// Makes `name` where it does not exist, for its owner alone, and leaves what is in it.
    ///
    /// # Errors
    /// [`StateError`] if it cannot be made, or others have rights on it.
    pub fn reserve(&self, name: &str) -> Result<PathBuf, StateError> {
        let path = self.path(name);
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(OWNER_ONLY)
            .open(&path)
            .map_err(at(&path))?;
        owner_only(&path)?;
        Ok(path)
    }

    /// Reads a file that is no secret; `None` if there is none.
    ///
    /// # Errors
    /// [`StateError::File`].
    pub fn read(&self, name: &str) -> Result<Option<String>, StateError> {
        let path = self.path(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StateError::File { path, source }),
        }
    }

    /// Writes a file that is no secret, replacing what was there.
    ///
    /// # Errors
    /// [`StateError::File`].
    pub fn publish(&self, name: &str, content: &[u8]) -> Result<(), StateError> {
        self.write(name, content, 0o644)
    }

    pub(super) fn key_error(&self, name: &str, source: KeyError) -> StateError {
        StateError::Key { path: self.path(name), source }
    }

    pub(super) fn read_secret(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, StateError> {
        let path = self.path(name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StateError::File { path, source }),
        };
        owner_only(&path)?;
        // Room for the whole file from the start: growing would leave copies behind.
        let len = file.metadata().map_err(at(&path))?.len().min(SECRET_BYTES_MAX);
        let mut secret = Zeroizing::new(Vec::with_capacity(usize::try_from(len).unwrap_or(0)));
        file.take(SECRET_BYTES_MAX).read_to_end(&mut secret).map_err(at(&path))?;
        Ok(Some(secret))
    }

    /// All or nothing: a crash leaves the old file or the new one, never a part.
    fn write(&self, name: &str, content: &[u8], mode: u32) -> Result<(), StateError> {
        let path = self.path(name);
        let unfinished = format!(".{name}.new");
        let fresh = self.path(&unfinished);
        self.remove(&unfinished)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&fresh)
            .map_err(at(&fresh))?;
        file.write_all(content).and_then(|()| file.sync_all()).map_err(at(&fresh))?;
        fs::rename(&fresh, &path).map_err(at(&path))?;
        File::open(&self.root).and_then(|folder| folder.sync_all()).map_err(at(&self.root))
    }
}

fn owner_only(path: &Path) -> Result<(), StateError> {
    let mode = fs::metadata(path).map_err(at(path))?.mode() & 0o777;
    if mode & OTHERS == 0 {
        Ok(())
    } else {
        Err(StateError::Permissions { path: path.to_owned(), mode })
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> StateError {
    let path = path.to_owned();
    move |source| StateError::File { path, source }
}
