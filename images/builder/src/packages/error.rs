//! Why a package cannot be had.

use cloister_attestation::code::{Code, Diagnostic};

use crate::digest::Sha256;
use crate::file::FileError;

cloister_attestation::codes! {
    /// The lock file or the list of wanted packages does not read.
    MALFORMED = "image.packages.malformed", Operator, "",
        "Correct the file at the place named, or write the lock file anew with `cloister image lock --refresh`.",
        "The list of wanted packages and the lock file are TOML. An unknown key, a name or version with characters that packages do not have, or a package that is there twice is refused.";
    /// The lock file has no such group.
    GROUP = "image.packages.group", Caller, "",
        "Name a group of the lock file: `cloister image lock` lists them.",
        "Packages are locked in groups, each of which serves one purpose: a kernel, a Python interpreter, firmware for tests. The lock file has no group of this name.";
    /// No source of this machine serves a suite.
    SOURCE = "image.packages.source", Operator, "",
        "Add the release that the message names to the machine's package sources, or use a machine or container that has it.",
        "Packages are fetched from where the machine's own package sources say. None of them serves the release that the lock file was made for, so that nobody can say where its packages are.";
    /// A program of the package client is missing or fails.
    CLIENT = "image.packages.client", Operator, "",
        "Install apt and dpkg, and check that `apt-get update` works on this machine.",
        "Packages are fetched by `apt-get`, with a configuration of its own that leaves the machine's packages alone, and unpacked by `dpkg-deb`. One of them is missing or failed; the message has what it said.";
    /// The archive does not have the locked version any more.
    GONE = "image.packages.gone", Operator, "",
        "Run `cloister image lock --refresh`, review what changed in the lock file, and build again.",
        "Archives keep the newest version of a package and drop the one before. The locked version is not in the cache and not in the archive. Refreshing the lock file takes the version that is there now; the image changes, and has to be admitted anew.";
    /// A package is not the locked one.
    DIGEST = "image.packages.digest", Operator, "",
        "Do not use the package; find out who serves it, or refresh the lock file if the archive was rebuilt.",
        "The archive served a package of the right name and version whose SHA-256 is not the lock file's. Nothing of it was used.";
}

/// Why a package cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The lock file or the list of wanted packages does not read.
    #[error("{file}: {reason}")]
    Malformed {
        /// Which of them.
        file: &'static str,
        /// Why.
        reason: String,
    },
    /// The lock file has no such group.
    #[error("the lock file has no group `{group}`; it has {}", .known.join(", "))]
    Group {
        /// What was asked for.
        group: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No source of this machine serves a suite.
    #[error("no package source of this machine serves {suite}")]
    Source {
        /// The suite, as in `bookworm`.
        suite: String,
    },
    /// A program cannot be run.
    #[error("cannot run {program}")]
    Missing {
        /// Which one.
        program: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A program failed.
    #[error("{program} failed: {reason}")]
    Client {
        /// Which one.
        program: &'static str,
        /// What it said.
        reason: String,
    },
    /// The archive does not have the locked version any more.
    #[error("the archive does not have {} any more: {reason}", .packages.join(", "))]
    Gone {
        /// Names and versions.
        packages: Vec<String>,
        /// What the package client said.
        reason: String,
    },
    /// A package is not the locked one.
    #[error("{package} has the SHA-256 {found}, not {locked}")]
    Digest {
        /// Name and version.
        package: String,
        /// What was served.
        found: Sha256,
        /// What is locked.
        locked: Sha256,
    },
    /// There is no place for a cache.
    #[error("neither CLOISTER_CACHE, XDG_CACHE_HOME nor HOME says where the cache is")]
    NoCache,
}

impl Diagnostic for PackageError {
    fn code(&self) -> &'static Code {
        match self {
            Self::File(error) => error.code(),
            Self::NoCache => &crate::file::WRITE,
            Self::Malformed { .. } => &MALFORMED,
            Self::Group { .. } => &GROUP,
            Self::Source { .. } => &SOURCE,
            Self::Missing { .. } | Self::Client { .. } => &CLIENT,
            Self::Gone { .. } => &GONE,
            Self::Digest { .. } => &DIGEST,
        }
    }
}
