//! Why bytes are not an event log.

use crate::code::{Code, Diagnostic};
use crate::event_log::codes;

/// The bytes are not an event log of a known form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// More bytes than any log has.
    #[error("event log has {observed} bytes, at most {max} are allowed")]
    TooLong {
        /// Bytes received.
        observed: usize,
        /// The limit.
        max: usize,
    },
    /// More events than any log has.
    #[error("event log has more than {max} events")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// The bytes end before an event does. Event 0 is the header.
    #[error("event {event} ends inside {what}")]
    Truncated {
        /// Position in the log.
        event: usize,
        /// The field that is short.
        what: &'static str,
    },
    /// A field of the header is out of its range.
    #[error("header field {name} is {observed}, expected {expected}")]
    Header {
        /// The field.
        name: &'static str,
        /// What would have been read.
        expected: String,
        /// What is there.
        observed: String,
    },
    /// An event does not have one digest for each bank.
    #[error("event {event} has {observed} digests, expected {expected}")]
    DigestCount {
        /// Position in the log.
        event: usize,
        /// Banks of the header.
        expected: usize,
        /// The field.
        observed: u32,
    },
    /// A digest is of an algorithm that the header does not name, or there twice.
    #[error(
        "event {event} has a digest of {observed:#06x}, which the header does not name or which it has already"
    )]
    DigestAlgorithm {
        /// Position in the log.
        event: usize,
        /// `TPM_ALG_ID`.
        observed: u16,
    },
    /// An event is for a register that such a log has none of.
    #[error("event {event} is for register index {observed}, which such a log does not have")]
    Register {
        /// Position in the log.
        event: usize,
        /// The field.
        observed: u32,
    },
    /// What the log says about the TPM's start contradicts itself.
    #[error("event {event}: {reason}")]
    StartupLocality {
        /// Position in the log.
        event: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A runtime log does not read.
    #[error("runtime event log: {reason}")]
    Runtime {
        /// Where and why.
        reason: String,
    },
}

impl Diagnostic for ParseError {
    fn code(&self) -> &'static Code {
        match self {
            Self::TooLong { .. } | Self::TooMany { .. } => &codes::SIZE,
            Self::Truncated { .. } => &codes::TRUNCATED,
            Self::Header { .. } => &codes::HEADER,
            Self::DigestCount { .. } | Self::DigestAlgorithm { .. } => &codes::DIGESTS,
            Self::Register { .. } => &codes::REGISTER,
            Self::StartupLocality { .. } => &codes::STARTUP_LOCALITY,
            Self::Runtime { .. } => &codes::RUNTIME,
        }
    }
}
