//! Why bytes are not an SEV-SNP report.

use super::codes::parse as codes;
use crate::code::{Code, Diagnostic};

/// The bytes are not an SEV-SNP attestation report of a known version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Another length than the one that a report has.
    #[error("report has {observed} bytes, and every report has {expected}")]
    Length {
        /// The length of every report in bytes.
        expected: usize,
        /// The length of these bytes.
        observed: usize,
    },
    /// A version that this parser does not know.
    #[error("report version is {observed}, and versions 2 to 5 are known")]
    Version {
        /// `VERSION`.
        observed: u32,
    },
    /// A byte that must be zero is not.
    #[error("byte {offset:#x} is {observed:#04x}, and a version {version} report has zero there")]
    Reserved {
        /// Offset of the byte in the report.
        offset: usize,
        /// Its value.
        observed: u8,
        /// `VERSION`.
        version: u32,
    },
    /// `POLICY` has reserved bits that are not as they must be.
    #[error("guest policy is {observed:#x}; bit 17 must be set and bits 63:26 clear")]
    GuestPolicy {
        /// `POLICY`.
        observed: u64,
    },
    /// The flags at 48h have a reserved value.
    #[error("flags are {observed:#x}; signing key 0, 1 or 7 is known and bits 31:5 must be clear")]
    Flags {
        /// The four bytes at 48h.
        observed: u32,
    },
    /// A privilege level that does not exist.
    #[error("VMPL is {observed}, and levels 0 to 3 exist")]
    Vmpl {
        /// `VMPL`.
        observed: u32,
    },
}

impl Diagnostic for ParseError {
    fn code(&self) -> &'static Code {
        match self {
            Self::Length { .. } => &codes::LENGTH,
            Self::Version { .. } => &codes::VERSION,
            Self::Reserved { .. } => &codes::RESERVED,
            Self::GuestPolicy { .. } => &codes::GUEST_POLICY,
            Self::Flags { .. } => &codes::FLAGS,
            Self::Vmpl { .. } => &codes::VMPL,
        }
    }
}
