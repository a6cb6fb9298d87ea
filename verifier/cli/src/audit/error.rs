//! Why a log tells nothing.

use std::path::PathBuf;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::key::KeyError;
use cloister_audit::AuditError;

use crate::answer::Exit;
use crate::file::FileError;

cloister_attestation::codes! {
    /// There is no log in the folder.
    NO_LOG = "cli.audit.no_log", Caller, "",
        "Name a file that ends in `.audit`, or a folder with one in it.",
        "A runtime writes one log for each start, as NUMBER-INSTANCE.audit in the folder that node.toml names. There is none here.";
    /// Nothing of the log is signed.
    UNSIGNED = "cli.audit.unsigned", Caller, "",
        "Read the log again once the runtime has signed a checkpoint.",
        "A log only claims whose it is until a checkpoint under that runtime's identity key is in it. There is none in this one: a runtime signs its first one seconds after it started.";
    /// The record is not in the log.
    NO_RECORD = "cli.audit.no_record", Caller, "",
        "Name a record or a size that the log has, and give the whole log.",
        "A proof needs every record of a log from its first one on, and a record or size that is in it. What a runtime's operator port gives may be only the end of a log.";
}

/// A command about a log failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum AuditCommandError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// No log there.
    #[error("no audit log in {}", .0.display())]
    NoLog(PathBuf),
    /// The log is not honest, or not whole.
    #[error("after {records} good records")]
    Log {
        /// How many records precede what is wrong.
        records: usize,
        /// What is wrong.
        source: AuditError,
    },
    /// A checkpoint or a proof does not hold.
    #[error(transparent)]
    Refused(#[from] AuditError),
    /// Whose it is rests on nothing.
    #[error("no checkpoint signs any of the {0} records")]
    Unsigned(u64),
    /// The key does not read.
    #[error("key {}", .path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// Nothing to prove.
    #[error("the log has {size} records from {first} on")]
    NoRecord {
        /// The first that is there.
        first: u64,
        /// How many the log has.
        size: u64,
    },
}

impl AuditCommandError {
    /// How the command ends with it.
    pub(super) const fn exit(&self) -> Exit {
        match self {
            Self::File(_) | Self::NoLog(_) | Self::Key { .. } => Exit::Misuse,
            Self::Unsigned(_) => Exit::NoConclusion,
            Self::Log { .. } | Self::Refused(_) | Self::NoRecord { .. } => Exit::Refused,
        }
    }
}

impl Diagnostic for AuditCommandError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::NoLog(_) => &NO_LOG,
            Self::Log { source, .. } | Self::Refused(source) => source.code(),
            Self::Unsigned(_) => &UNSIGNED,
            Self::Key { source, .. } => source.code(),
            Self::NoRecord { .. } => &NO_RECORD,
        }
    }
}
