//! One entry under configfs-tsm: a directory that exists as long as the value.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use cloister_attestation::bytes::ReportData;
use rustix::io::Errno;

use super::trouble::Trouble;
use crate::error::AttesterError;
use crate::limits::{ATTRIBUTE_BYTES_MAX, ENTRY_NAMES_MAX};

/// Tells the entries of one process apart.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A directory of our own. Removed when dropped, whatever happened before.
#[derive(Debug)]
pub(super) struct Entry {
    path: PathBuf,
}

impl Entry {
    /// Makes an entry under a name that nobody has: making a directory is exclusive.
    pub(super) fn make(root: &Path) -> Result<Self, AttesterError> {
        for _ in 0..ENTRY_NAMES_MAX {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let path = root.join(format!("cloister-{}-{number}", process::id()));
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(cannot_make(root, error)),
            }
        }
        let source = io::Error::from(io::ErrorKind::AlreadyExists);
        Err(AttesterError::Tsm { action: "make an entry in", path: root.to_owned(), source })
    }

    /// A text attribute, without the newline that ends it.
    pub(super) fn text(&self, attribute: &str) -> Result<String, Trouble> {
        let bytes = self.blob(attribute, ATTRIBUTE_BYTES_MAX)?;
        let text = String::from_utf8(bytes).map_err(|_| self.malformed(attribute))?;
        Ok(text.strip_suffix('\n').map(str::to_owned).unwrap_or(text))
    }

    /// How often this entry has been written to, by whomever.
    pub(super) fn generation(&self) -> Result<u64, Trouble> {
        self.text("generation")?.parse().map_err(|_| self.malformed("generation"))
    }

    /// Asks for a report of this privilege level.
    pub(super) fn write_privilege_level(&self, level: u8) -> Result<(), Trouble> {
        match self.write("privlevel", level.to_string().as_bytes()) {
            Err(Trouble::Final(AttesterError::Tsm { source, .. })) if is_refusal(&source) => {
                let floor =
                    self.text("privlevel_floor").unwrap_or_else(|_| "not offered".to_owned());
                Err(AttesterError::PrivilegeLevel { level, floor }.into())
            }
            done => done,
        }
    }

    /// Sets what the report is to carry: always 64 bytes.
    pub(super) fn write_inblob(&self, report_data: &ReportData) -> Result<(), Trouble> {
        self.write("inblob", report_data.as_bytes())
    }

    /// A binary attribute that the provider may not have, or may have nothing in.
    pub(super) fn optional_blob(
        &self,
        attribute: &'static str,
        max: usize,
    ) -> Result<Option<Vec<u8>>, Trouble> {
        let path = self.path.join(attribute);
        match path.try_exists() {
            Ok(true) => self.blob(attribute, max).map(Some),
            Ok(false) => Ok(None),
            Err(error) => Err(Trouble::of("look for", &path, error)),
        }
    }

    /// An attribute of at most `max` bytes.
    pub(super) fn blob(&self, attribute: &str, max: usize) -> Result<Vec<u8>, Trouble> {
        let path = self.path.join(attribute);
        let trouble = |error| Trouble::of("read", &path, error);
        let mut file = File::open(&path).map_err(trouble)?;
        let mut content = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            // Not `read_to_end`, which takes `EINTR` for a reason to go on: here it means that the
            // kernel has given up on this report.
            let count = file.read(&mut chunk).map_err(trouble)?;
            if count == 0 {
                return Ok(content);
            }
            content.extend_from_slice(chunk.get(..count).unwrap_or_default());
            if content.len() > max {
                return Err(
                    AttesterError::TooLong { what: "attribute of configfs-tsm", max }.into()
                );
            }
        }
    }

    /// One write: the kernel does not put several together.
    fn write(&self, attribute: &str, bytes: &[u8]) -> Result<(), Trouble> {
        let path = self.path.join(attribute);
        let trouble = |error| Trouble::of("write", &path, error);
        let mut file = OpenOptions::new().write(true).open(&path).map_err(trouble)?;
        let count = file.write(bytes).map_err(trouble)?;
        if count == bytes.len() { Ok(()) } else { Err(trouble(io::ErrorKind::WriteZero.into())) }
    }

    fn malformed(&self, attribute: &str) -> Trouble {
        let path = self.path.join(attribute);
        let source = io::Error::from(io::ErrorKind::InvalidData);
        AttesterError::Tsm { action: "understand", path, source }.into()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "entry stays behind");
        }
    }
}

fn is_refusal(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || Errno::from_io_error(error) == Some(Errno::INVAL)
}

fn cannot_make(root: &Path, source: io::Error) -> AttesterError {
    let found = match (source.kind(), Errno::from_io_error(&source)) {
        (io::ErrorKind::NotFound | io::ErrorKind::NotADirectory, _) => {
            format!("{} does not exist", root.display())
        }
        (_, Some(Errno::NXIO)) => "no provider is registered".to_owned(),
        (io::ErrorKind::PermissionDenied, _) => {
            return AttesterError::Permission { path: root.to_owned(), source };
        }
        _ => {
            return AttesterError::Tsm {
                action: "make an entry in",
                path: root.to_owned(),
                source,
            };
        }
    };
    AttesterError::Unavailable { wanted: "configfs-tsm".to_owned(), found }
}
