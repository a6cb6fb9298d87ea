//! Why a configuration was refused.

use std::path::PathBuf;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::policy::PolicyError;

cloister_attestation::codes! {
    /// A file cannot be read.
    UNREADABLE = "config.unreadable", Operator, "",
        "Correct the path, or give the service's user the right to read the file.",
        "A file that the command line or the configuration names does not exist, cannot be read, or is larger than such a file can be.";
    /// The configuration file does not read.
    MALFORMED = "config.malformed", Operator, "",
        "Correct the line that the message names; verifier.example.toml documents every key.",
        "The configuration is one TOML file. A key in it is unknown, missing, or has a value of another type or out of range. Unknown keys are refused, since a misspelt one would silently change nothing.";
    /// No client could name this Verifier.
    NAMES = "config.names", Operator, "",
        "List in `names` the host names and addresses under which clients reach the Verifier.",
        "The Verifier listens on all addresses and `names` is empty. Its certificate would name no host, and every client would refuse it.";
    /// The anchor file does not read.
    ANCHOR = "config.anchor", Operator, "",
        "Write the file again with the simulator that it belongs to.",
        "A simulator's anchor file is JSON with the four key pins of one simulator.";
    /// The anchor file is another simulator's.
    FINGERPRINT = "config.anchor.fingerprint", Operator, "",
        "Name the fingerprint of the simulator that you mean to accept.",
        "The anchor file belongs to another simulator than the one whose fingerprint the configuration spells out. Both have to agree, so that exchanging a file is not enough to have other Evidence accepted.";
    /// Policy and anchors accept different kinds of root.
    DISAGREE = "config.policy.anchors", Operator, "",
        "Give the policy and `appraisal.anchors` the same kind of root.",
        "The policy file names another kind of root, or another simulator, than `appraisal.anchors`. Nothing could be admitted.";
}

/// A configuration was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read {}", .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file does not read. The message shows the line.
    #[error("{}: {message}", .path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Line, column, the line itself, and what is wrong.
        message: String,
    },
    /// It listens on all addresses and has no names.
    #[error("{}: it listens on all addresses and `names` is empty", .path.display())]
    Names {
        /// Which file.
        path: PathBuf,
    },
    /// The policy file does not read. The message shows the line.
    #[error("{}", .path.display())]
    Policy {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        source: PolicyError,
    },
    /// The anchor file does not read.
    #[error("{}: {message}", .path.display())]
    Anchor {
        /// Which file.
        path: PathBuf,
        /// Line, column, and what is wrong.
        message: String,
    },
    /// The anchor file is another simulator's.
    #[error("{}: fingerprint is {observed}, the configuration names {expected}", .path.display())]
    Fingerprint {
        /// Which file.
        path: PathBuf,
        /// As configured.
        expected: Digest48,
        /// Of the file.
        observed: Digest48,
    },
    /// Policy and anchors differ.
    #[error("{}: the policy accepts another kind of root than `appraisal.anchors`", .path.display())]
    Disagree {
        /// The policy file.
        path: PathBuf,
    },
}

impl Diagnostic for ConfigError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Unreadable { .. } => &UNREADABLE,
            Self::Malformed { .. } => &MALFORMED,
            Self::Names { .. } => &NAMES,
            Self::Policy { source, .. } => source.code(),
            Self::Anchor { .. } => &ANCHOR,
            Self::Fingerprint { .. } => &FINGERPRINT,
            Self::Disagree { .. } => &DISAGREE,
        }
    }
}
