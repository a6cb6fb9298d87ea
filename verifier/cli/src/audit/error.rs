//! Why a log tells nothing.

use std::path::PathBuf;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::key::KeyError;
use cloister_audit::AuditError;

use crate::answer::Exit;
use crate::file::FileError;
use crate::operator::OperatorError;

cloister_attestation::codes! {
    /// There is no log in the folder.
    NO_LOG = "cli.audit.no_log", Caller, "",
        "Name a file that ends in `.audit`, or a folder with one in it.",
        "A runtime writes one log for each start, as NUMBER-INSTANCE.audit in the folder that node.toml names. There is none here.";
    /// Nothing of the log is signed.
    UNSIGNED = "cli.audit.unsigned", Caller, "",
        "Read the log again once the runtime has signed a checkpoint.",
        "A log only claims whose it is until a checkpoint under that runtime's identity key is in it. There is none in this one: a runtime signs its first one seconds after it started.";
    /// The Verifier was shown nothing of the log.
    UNKNOWN = "cli.audit.unknown", Caller, "",
        "Ask the Verifier that leased the runtime, within ninety days of the runtime's last lease.",
        "The Verifier keeps what every runtime showed of its audit log last. Of this log's runtime it has nothing.";
    /// The Verifier has two logs of the runtime.
    CONFLICT = "cli.audit.conflict", Peer, "RFC 9162 section 2.1.4",
        "See `cloister fleet checkpoints --json`, and keep both checkpoints.",
        "The Verifier, or one of the runtime's peers, was shown a checkpoint that nothing shows to be of the same log. This log may be one of two.";
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
    /// The Verifier gave no answer.
    #[error(transparent)]
    Verifier(#[from] OperatorError),
    /// The Verifier has nothing of the log.
    #[error("the Verifier was shown nothing by instance {0}")]
    Unknown(String),
    /// The Verifier has more than one log.
    #[error("the Verifier was shown another log by instance {instance}: {reason}")]
    Conflict {
        /// Whose.
        instance: String,
        /// Why, as a stable code.
        reason: String,
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
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::File(_) | Self::NoLog(_) | Self::Key { .. } => Exit::Misuse,
            Self::Unsigned(_) | Self::Unknown(_) => Exit::NoConclusion,
            Self::Verifier(error) => error.exit(),
            Self::Log { .. } | Self::Refused(_) | Self::NoRecord { .. } | Self::Conflict { .. } => {
                Exit::Refused
            }
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
            Self::Verifier(error) => error.code(),
            Self::Unknown(_) => &UNKNOWN,
            Self::Conflict { .. } => &CONFLICT,
            Self::NoRecord { .. } => &NO_RECORD,
        }
    }
}
