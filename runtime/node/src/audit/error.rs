//! Why something could not be put on record.

use std::io;
use std::path::PathBuf;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_audit::AuditError;
use cloister_channel::identity::KeyError;

cloister_attestation::codes! {
    /// The measured file demands a log on a disk, and the host gives none.
    DEMANDED = "node.audit.demanded", Operator, "",
        "Name a folder on a disk as `audit` in node.toml.",
        "The measured agent.toml demands that records are on a disk before what they speak of happens. The host's file names no folder for them.";
    /// The folder cannot be used.
    FOLDER = "node.audit.folder", Operator, "",
        "Give the runtime a folder that it may write to as `audit` in node.toml.",
        "The folder of the audit log cannot be read or written. The message has the operating system's reason.";
    /// Another process writes there.
    IN_USE = "node.audit.in_use", Operator, "",
        "Give every runtime an audit folder of its own.",
        "The newest log in the folder is open in another process. Two runtimes beside each other need two folders.";
    /// The log of the boot before is damaged.
    DAMAGED = "node.audit.damaged", Operator, "RFC 9162 section 2.1.4",
        "Move the audit folder aside, keep it for examination, and start with an empty one.",
        "The log that an earlier boot left is not one that a runtime could have left by being killed: its records disagree with a checkpoint that was signed over them, are out of order, or far more than one write is broken. The runtime does not start beside it, so that nobody overlooks it.";
    /// The log takes no more records.
    FAILED = "node.audit.failed", Operator, "",
        "Free or replace the disk of the audit log, and restart the runtime.",
        "A record could not be written to the disk. Whatever was being written may be there or not, so the log takes nothing more, and what is not on record is not dispatched.";
    /// Records come faster than the disk takes them.
    FULL = "node.audit.full", Operator, "",
        "Put the audit log on a faster disk.",
        "More records wait for the disk than are let wait. What is not on record is not dispatched.";
    /// A record cannot be made.
    RECORD = "node.audit.record", Cloister, "",
        "Report this as a defect, with the message.",
        "An event does not fit into a record, or a checkpoint could not be signed.";
}

/// Something could not be put on record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditLogError {
    /// No folder, where one is demanded.
    #[error("agent.toml demands an audit log on a disk, and node.toml names no folder")]
    Demanded,
    /// The folder cannot be used.
    #[error("cannot use the audit log at {}: {source}", .path.display())]
    Folder {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process writes there.
    #[error("the audit log at {} is open in another process", .path.display())]
    InUse {
        /// Where.
        path: PathBuf,
    },
    /// The log of the boot before is damaged.
    #[error("the audit log at {} is damaged: {source}", .path.display())]
    Damaged {
        /// Where.
        path: PathBuf,
        /// How.
        source: AuditError,
    },
    /// The log takes no more records.
    #[error("the audit log failed: {0}")]
    Failed(String),
    /// Too many records wait.
    #[error("the audit log cannot keep up")]
    Full,
    /// A record cannot be made.
    #[error(transparent)]
    Record(#[from] AuditError),
    /// A checkpoint could not be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Diagnostic for AuditLogError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Demanded => &DEMANDED,
            Self::Folder { .. } => &FOLDER,
            Self::InUse { .. } => &IN_USE,
            Self::Damaged { .. } => &DAMAGED,
            Self::Failed(_) => &FAILED,
            Self::Full => &FULL,
            Self::Record(_) | Self::Key(_) => &RECORD,
        }
    }
}
