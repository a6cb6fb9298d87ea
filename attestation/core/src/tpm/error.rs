//! Why bytes are not the TPM structure that they should be.

use super::codes;
use crate::code::{Code, Diagnostic};

/// A TPM structure was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The bytes end inside a field.
    #[error("{what} ends early")]
    Truncated {
        /// The structure.
        what: &'static str,
    },
    /// Bytes follow the last field.
    #[error("{count} bytes follow {what}")]
    Trailing {
        /// The structure.
        what: &'static str,
        /// How many bytes.
        count: usize,
    },
    /// The attestation does not begin as a TPM begins it.
    #[error("magic is {observed:#010x}, expected 0xff544347")]
    Magic {
        /// `magic`.
        observed: u32,
    },
    /// The attestation is not a quote.
    #[error("attestation type is {observed:#06x}, expected 0x8018 (TPM_ST_ATTEST_QUOTE)")]
    Type {
        /// `type`.
        observed: u16,
    },
    /// A field has a value that is not allowed.
    #[error("{field} is {observed}, expected {expected}")]
    Field {
        /// The field, by the specification's name.
        field: &'static str,
        /// What was there.
        observed: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// The selection is not one bank of 24 PCRs.
    #[error("PCR selection has {reason}")]
    Selection {
        /// What is wrong with it.
        reason: String,
    },
    /// The signature is of another kind, or there is none.
    #[error("signature has {reason}")]
    Signature {
        /// What is wrong with it.
        reason: String,
    },
    /// As many bytes of PCR values as the selection does not have.
    #[error("PCR values have {observed} bytes, and the quoted PCRs have {expected}")]
    PcrValues {
        /// The length of the selected PCRs in bytes.
        expected: usize,
        /// Bytes received.
        observed: usize,
    },
    /// Not the public area of an attestation key.
    #[error("public area has {reason}")]
    Public {
        /// What is wrong with it.
        reason: String,
    },
}

impl Diagnostic for ParseError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Truncated { .. } | Self::Trailing { .. } => &codes::LENGTH,
            Self::Magic { .. } => &codes::MAGIC,
            Self::Type { .. } => &codes::TYPE,
            Self::Field { .. } => &codes::FIELD,
            Self::Selection { .. } => &codes::SELECTION,
            Self::Signature { .. } => &codes::SIGNATURE_FORMAT,
            Self::PcrValues { .. } => &codes::PCR_VALUES,
            Self::Public { .. } => &codes::PUBLIC,
        }
    }
}

/// A reader's `None` at the end of `what`.
pub(super) fn truncated(what: &'static str) -> impl Fn() -> ParseError {
    move || ParseError::Truncated { what }
}

/// Everything has been read.
pub(super) fn finished(
    reader: &crate::bytes::Reader<'_>,
    what: &'static str,
) -> Result<(), ParseError> {
    match reader.rest().len() {
        0 => Ok(()),
        count => Err(ParseError::Trailing { what, count }),
    }
}
