//! Why a configuration file was refused, and where in it.

use core::fmt;
use std::path::PathBuf;

use cloister_attestation::code::{Code, Diagnostic};

cloister_attestation::codes! {
    /// A file that the configuration needs cannot be read.
    UNREADABLE = "node.config.unreadable", Operator, "",
        "Give the path of a file that exists and that cloisterd may read.",
        "A configuration file, or a file that one of them names (policy, trust root, workload), is missing, is not a regular file, is larger than its limit, or may not be read by the user that cloisterd runs as.";
    /// The file is not TOML, has a key that does not exist, or a value of the wrong type.
    SYNTAX = "node.config.syntax", Operator, "TOML 1.1",
        "Correct the line that the message names; the example files document every key.",
        "The file does not parse, names a key that this version does not know, leaves out a key that is required, or gives one the wrong type. Unknown keys are refused so that a misspelt key cannot silently mean its default.";
    /// A value breaks a rule.
    VALUE = "node.config.value", Operator, "",
        "Change the value as the message says; the example files document what each key takes.",
        "The file is well-formed, and one of its values is outside of what the key permits: an agent name that is not a DNS label, an empty command, a limit of zero, a pin without a certificate.";
    /// A local surface would listen on an address that others can reach.
    EXPOSED = "node.config.exposed", Operator, "",
        "Use a loopback address such as 127.0.0.1 for the surface and the operator port.",
        "Whoever reaches the local surface speaks with the agent's identity, so the runtime serves it, and the operator port, on loopback only. node.toml comes from the host and cannot change that.";
}

/// A place in a text file; both count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

/// A configuration that was refused: which file, where, and why.
#[derive(Debug)]
pub struct ConfigError {
    pub(crate) code: &'static Code,
    pub(crate) path: PathBuf,
    pub(crate) position: Option<Position>,
    pub(crate) reason: String,
    pub(crate) source: Option<std::io::Error>,
}

impl ConfigError {
    /// Where in the file, when it is about one place.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        self.position
    }

    /// A file could not be read.
    pub(crate) fn unreadable(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        let reason = "cannot be read".to_owned();
        Self { code: &UNREADABLE, path: path.into(), position: None, reason, source: Some(source) }
    }

    /// A file was read and is not what it has to be.
    pub(crate) fn unusable(path: impl Into<PathBuf>, reason: impl fmt::Display) -> Self {
        let reason = reason.to_string();
        Self { code: &UNREADABLE, path: path.into(), position: None, reason, source: None }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some(Position { line, column }) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source: &(dyn std::error::Error + 'static) = self.source.as_ref()?;
        Some(source)
    }
}

impl Diagnostic for ConfigError {
    fn code(&self) -> &'static Code {
        self.code
    }
}
