//! Why the data folder cannot be used.

use std::path::PathBuf;

use cloister_attestation::code::{Code, Diagnostic};
use cloister_attestation::x509::X509Error;
use cloister_channel::identity::KeyError;

cloister_attestation::codes! {
    /// The file system refused.
    FILE = "state.file", Operator, "",
        "Give the service's user the right to read and write its data folder, and the folder room to grow.",
        "A file in the data folder could not be made, read or written.";
    /// Others may enter the data folder.
    PERMISSIONS = "state.permissions", Operator, "",
        "Take the rights of group and others away: chmod -R go-rwx DATA.",
        "The data folder holds the keys that decide who is admitted. Only the service's own user may have rights on it and on the secrets in it; the service refuses to use one that others can read.";
    /// Another process uses the data folder.
    IN_USE = "state.in_use", Operator, "",
        "Stop the other Verifier, or give this one a data folder of its own.",
        "Another process holds the lock of the data folder. Two Verifiers on one folder would make keys twice and disagree about revocations.";
    /// A key file holds something else.
    KEY = "state.key", Operator, "",
        "Restore the key file from a backup; removing it makes a new key, and every lease or certificate of the old one ends.",
        "A key file in the data folder is not what the service wrote: it was cut, altered, or comes from elsewhere.";
    /// The certificate does not belong to the key or the trust domain.
    AUTHORITY = "state.authority", Operator, "",
        "Use the trust domain that the data folder was made for, or another folder.",
        "The issuing certificate in the data folder is not the one for its key and the configured trust domain. A trust domain cannot be renamed: its name stands in every certificate and lease.";
    /// A certificate could not be issued.
    ISSUE = "state.issue", Cloister, "",
        "Report this as a defect.",
        "A certificate could not be encoded or signed.";
    /// No randomness.
    RANDOM = "state.random", Cloister, "",
        "Check that the machine has a working source of randomness.",
        "The operating system gave no random bytes, so no key could be made.";
}

/// The data folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The file system refused.
    #[error("cannot use {}", .path.display())]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others have rights on it.
    #[error("{} has mode {mode:03o}: others than its owner have rights on it", .path.display())]
    Permissions {
        /// Which file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another process holds the lock.
    #[error("{} is in use by another process", .path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// A key file holds something else.
    #[error("{} does not hold a key", .path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// A secret of another length.
    #[error("{} does not have the length of what it should hold", .path.display())]
    Length {
        /// Which file.
        path: PathBuf,
    },
    /// The issuing certificate does not read.
    #[error("{} does not hold one certificate", .path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: Option<X509Error>,
    },
    /// The issuing certificate is another's.
    #[error("{} is not the certificate of {what}", .path.display())]
    Authority {
        /// Which file.
        path: PathBuf,
        /// What it should be of.
        what: String,
    },
    /// A key could not be made or used.
    #[error("a key could not be made")]
    Crypto(#[from] KeyError),
    /// A certificate could not be issued.
    #[error("a certificate could not be issued: {0}")]
    Issue(String),
    /// No randomness.
    #[error("no random bytes")]
    Random,
}

impl Diagnostic for StateError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File { .. } => &FILE,
            Self::Permissions { .. } => &PERMISSIONS,
            Self::InUse { .. } => &IN_USE,
            Self::Key { .. } | Self::Length { .. } => &KEY,
            Self::Certificate { .. } | Self::Authority { .. } => &AUTHORITY,
            Self::Crypto(_) | Self::Issue(_) => &ISSUE,
            Self::Random => &RANDOM,
        }
    }
}
