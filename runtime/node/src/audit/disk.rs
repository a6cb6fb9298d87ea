//! The folder of logs: one file for each boot, the newest with the largest number.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use cloister_audit::record::Predecessor;
use cloister_audit::{AuditError, Frames, Hash, ReadError, Replay};
use tracing::{info, warn};

use super::error::AuditLogError;
use crate::limits::AUDIT_TORN_BYTES_MAX;

/// Where entries are kept.
pub(super) trait Store: Send + 'static {
    /// Writes `bytes` at the end and makes them durable. After a failure nothing more is written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// The open log of this boot. Its lock is held for as long as it is open.
#[derive(Debug)]
pub(super) struct LogFile(File);

impl Store for LogFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)?;
        self.0.sync_data()
    }
}

/// Begins the log of `instance` in `folder`, and puts in order what the boot before left there.
///
/// # Errors
/// [`AuditLogError`] if the folder cannot be used, or if what is there cannot have been left by a
/// runtime that was killed.
pub(super) fn begin(
    folder: &Path,
    instance: &str,
) -> Result<(LogFile, Option<Predecessor>), AuditLogError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| AuditLogError::Folder { path, source }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let newest = newest(folder).map_err(failed(folder))?;
    let predecessor = newest.as_ref().map(|(_, path)| recover(path)).transpose()?;
    let number = newest.map_or(0, |(number, _)| number.saturating_add(1));
    let path = folder.join(format!("{number:010}-{instance}.{EXTENSION}"));
    let file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path);
    let file = file.map_err(failed(&path))?;
    lock(&file, &path)?;
    // The name is durable once its folder is.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))?;
    info!(path = %path.display(), "audit log");
    Ok((LogFile(file), predecessor))
}

const EXTENSION: &str = "audit";

fn newest(folder: &Path) -> io::Result<Option<(u64, PathBuf)>> {
    let mut newest = None;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(number) = number(&path) else { continue };
        if newest.as_ref().is_none_or(|(largest, _)| number > *largest) {
            newest = Some((number, path));
        }
    }
    Ok(newest)
}

/// The number of a log, by its name; `None` for whatever else is in the folder.
fn number(path: &Path) -> Option<u64> {
    let is_log = path.extension().is_some_and(|extension| extension == EXTENSION);
    let (number, _) = path.file_stem()?.to_str()?.split_once('-')?;
    number.parse().ok().filter(|_| is_log)
}

fn lock(file: &File, path: &Path) -> Result<(), AuditLogError> {
    let path = path.to_owned();
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => AuditLogError::InUse { path },
        TryLockError::Error(source) => AuditLogError::Folder { path, source },
    })
}

/// Reads a log that an earlier boot left, and cuts off what is not whole.
fn recover(path: &Path) -> Result<Predecessor, AuditLogError> {
    let failed = |source| AuditLogError::Folder { path: path.to_owned(), source };
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
    lock(&file, path)?;
    let length = file.metadata().map_err(failed)?.len();
    let (whole, found) = read(&file, path)?;
    let torn = length.saturating_sub(whole);
    if torn > 0 {
        file.set_len(whole).and_then(|()| file.sync_all()).map_err(failed)?;
        warn!(path = %path.display(), bytes = torn, records = found.size, "the log of an earlier boot ended within an entry, which was cut off");
    }
    Ok(Predecessor { bytes_cut: torn, ..found })
}

/// How many bytes of a log are whole entries, and what they say.
fn read(file: &File, path: &Path) -> Result<(u64, Predecessor), AuditLogError> {
    let damaged = |source| AuditLogError::Damaged { path: path.to_owned(), source };
    let (mut frames, mut replay) = (Frames::new(BufReader::new(file)), Replay::new(None));
    loop {
        match frames.next_frame() {
            Ok(Some(frame)) => drop(replay.take(&frame).map_err(damaged)?),
            Ok(None) => break,
            Err(ReadError::Log(error)) => {
                check_torn(file, frames.position(), error).map_err(damaged)?;
                break;
            }
            Err(ReadError::Input(source)) => {
                return Err(AuditLogError::Folder { path: path.to_owned(), source });
            }
            Err(_) => return Err(damaged(AuditError::Head("it cannot be read"))),
        }
    }
    let found = match replay.progress() {
        Some(progress) => Predecessor {
            instance: progress.origin.instance(),
            size: progress.size,
            root: progress.root,
            bytes_cut: 0,
        },
        // Killed before its first entry was whole.
        None => Predecessor {
            instance: "unknown".to_owned(),
            size: 0,
            root: Hash::of_nothing(),
            bytes_cut: 0,
        },
    };
    Ok((frames.position(), found))
}

/// Whether a runtime that was killed can have left a log that is whole only up to `whole`: no more
/// than one write was under way.
fn check_torn(file: &File, whole: u64, error: AuditError) -> Result<(), AuditError> {
    let length = file.metadata().map_or(u64::MAX, |metadata| metadata.len());
    let torn = length.saturating_sub(whole);
    if torn <= AUDIT_TORN_BYTES_MAX { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests;
