//! A log from a file, all of it checked.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use cloister_audit::{AuditError, Frames, Hash, Kind, Progress, ReadError, Record, Replay, Step};

use super::error::AuditCommandError;
use crate::file::FileError;

/// A log that is consistent from its beginning to its end.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) path: PathBuf,
    pub(super) progress: Progress,
    pub(super) records: Vec<Record>,
    pub(super) leaves: Vec<Hash>,
}

impl Log {
    /// Reads and checks the log at `path`, or the newest in the folder there.
    pub(super) fn read(path: &Path) -> Result<Self, AuditCommandError> {
        let path = if path.is_dir() { newest(path)? } else { path.to_owned() };
        let unreadable = |source| FileError::Unreadable { path: path.clone(), source };
        let file = File::open(&path).map_err(unreadable)?;
        let (mut frames, mut replay) = (Frames::new(BufReader::new(file)), Replay::new(None));
        let (mut records, mut leaves) = (Vec::new(), Vec::new());
        loop {
            let wrong = |source| AuditCommandError::Log { records: leaves.len(), source };
            let frame = match frames.next_frame() {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(ReadError::Log(error)) => return Err(wrong(error)),
                Err(ReadError::Input(error)) => return Err(unreadable(error).into()),
                Err(error) => return Err(unreadable(io::Error::other(error)).into()),
            };
            if let Step::Record(record) = replay.take(&frame).map_err(wrong)? {
                records.push(*record);
            }
            if frame.kind() == Kind::Record {
                leaves.push(frame.hash());
            }
        }
        let progress = replay.progress().ok_or(AuditError::Head("it is empty"))?;
        Ok(Self { path, progress, records, leaves })
    }

    /// Every leaf from the first one on; an error if the log does not begin there.
    pub(super) fn whole(&self) -> Result<&[Hash], AuditCommandError> {
        if self.progress.first == 0 { Ok(&self.leaves) } else { Err(self.no_record()) }
    }

    pub(super) const fn no_record(&self) -> AuditCommandError {
        AuditCommandError::NoRecord { first: self.progress.first, size: self.progress.size }
    }
}

/// The log with the last name: names begin with a number of ten digits.
fn newest(folder: &Path) -> Result<PathBuf, AuditCommandError> {
    let unreadable = |source| FileError::Unreadable { path: folder.to_owned(), source };
    let mut newest = None;
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "audit") {
            newest = newest.max(Some(path));
        }
    }
    newest.ok_or_else(|| AuditCommandError::NoLog(folder.to_owned()))
}
