//! Why the database could not answer.

use cloister_attestation::code::{Code, Diagnostic};

cloister_attestation::codes! {
    /// The database refused or failed.
    DATABASE = "store.database", Operator, "",
        "Look in the service's log for the database's message; check the room on the data folder's disk.",
        "The database did not carry out a request: its disk is full, its file was damaged or taken away, or too many writes are waiting. Nothing was changed.";
    /// The database is of another version.
    VERSION = "store.version", Operator, "",
        "Run the version of the service that last used this data folder, or a newer one.",
        "The database was written by another version of the service, and this one cannot bring it up to date without losing something.";
    /// The database belongs to another trust domain.
    TRUST_DOMAIN = "store.trust_domain", Operator, "",
        "Use the trust domain that the data folder was made for, or another folder.",
        "A database belongs to one trust domain from its first use on.";
    /// The database holds something that the service did not write.
    CORRUPT = "store.corrupt", Operator, "",
        "Restore the data folder from a backup.",
        "A value in the database is not one that the service writes. Somebody changed the file, or the disk did.";
    /// The policy on record does not read.
    POLICY = "store.policy", Operator, "",
        "Configure a policy that this version reads: one that changed takes the place of the one on record.",
        "The appraisal policy in force was applied by an operator and is on record. This version of the service does not read it, or it is for another kind of root than is configured.";
    /// No randomness.
    RANDOM = "store.random", Cloister, "",
        "Check that the machine has a working source of randomness.",
        "The operating system gave no random bytes, so a record could not be named. Nothing was changed.";
}

/// The database could not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It refused or failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// Of another version.
    #[error("the database cannot be brought up to date")]
    Version(#[from] sqlx::migrate::MigrateError),
    /// Of another trust domain.
    #[error("the database belongs to trust domain {observed}, configured is {expected}")]
    TrustDomain {
        /// As configured.
        expected: String,
        /// As in the database.
        observed: String,
    },
    /// A value that the service does not write.
    #[error("the database holds {value:?} as {column}")]
    Corrupt {
        /// Where.
        column: &'static str,
        /// What.
        value: String,
    },
    /// The policy on record does not read.
    #[error("appraisal policy {digest} cannot be put in force")]
    Policy {
        /// Its digest, hex.
        digest: String,
        /// Why, where it does not read.
        source: Option<cloister_attestation::policy::PolicyError>,
    },
    /// No randomness.
    #[error("no random bytes")]
    Random,
}

impl StoreError {
    pub(super) fn corrupt(column: &'static str, value: impl Into<String>) -> Self {
        Self::Corrupt { column, value: value.into() }
    }
}

impl Diagnostic for StoreError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Database(_) => &DATABASE,
            Self::Version(_) => &VERSION,
            Self::TrustDomain { .. } => &TRUST_DOMAIN,
            Self::Corrupt { .. } => &CORRUPT,
            Self::Policy { .. } => &POLICY,
            Self::Random => &RANDOM,
        }
    }
}
