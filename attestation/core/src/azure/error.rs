//! Why bytes are not Evidence from an Azure confidential VM.

use super::codes;
use crate::code::{Code, Diagnostic};
use crate::evidence::Tee;
use crate::{snp, tdx, tpm};

/// A part of the Evidence did not parse, or the parts do not belong together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// More bytes than any HCL report has.
    #[error("HCL report has {observed} bytes, at most {max} are allowed")]
    TooLong {
        /// Bytes received.
        observed: usize,
        /// The limit.
        max: usize,
    },
    /// The bytes end inside the structure.
    #[error("HCL report ends inside {what}")]
    Truncated {
        /// The part that is short.
        what: &'static str,
    },
    /// A declared size does not fit the others.
    #[error("{what} is declared as {observed} bytes, expected {expected}")]
    Size {
        /// Which size.
        what: &'static str,
        /// What it has to be.
        expected: usize,
        /// The field.
        observed: u32,
    },
    /// Something else than zero where nothing is.
    #[error("{what} is not zero")]
    Padding {
        /// Where.
        what: &'static str,
    },
    /// A field of a header is another than it has to be.
    #[error("{field} is {observed:#x}, expected {expected}")]
    Header {
        /// The field.
        field: &'static str,
        /// What was there.
        observed: u32,
        /// What is known.
        expected: &'static str,
    },
    /// Hardware that is not known.
    #[error("report type is {observed}, expected 2 (SEV-SNP) or 4 (TDX)")]
    ReportType {
        /// The field.
        observed: u32,
    },
    /// Other hardware than the Evidence came as.
    #[error("HCL report is of {observed}, and the Evidence came as {expected}")]
    OtherTee {
        /// What the Evidence came as.
        expected: Tee,
        /// What the HCL report holds.
        observed: Tee,
    },
    /// A TDREPORT whose type is not a TD's.
    #[error("hardware report is declared as a TDREPORT and begins with {observed}")]
    NotATdReport {
        /// `REPORTTYPE`, in hex.
        observed: String,
    },
    /// The declared SEV-SNP report does not parse.
    #[error("hardware report is declared as an SEV-SNP report")]
    NotASnpReport(#[source] snp::ParseError),
    /// The TD quote does not parse.
    #[error(transparent)]
    Quote(#[from] tdx::ParseError),
    /// The SEV-SNP report beside the HCL report is another than the one inside.
    #[error("SEV-SNP report beside the HCL report differs from the one inside")]
    OtherReport,
    /// A hash algorithm that is not known.
    #[error("hash type is {observed}, expected 1 (SHA-256), 2 (SHA-384) or 3 (SHA-512)")]
    HashType {
        /// The field.
        observed: u32,
    },
    /// The runtime data does not read.
    #[error("runtime data is malformed: {reason}")]
    RuntimeData {
        /// Where and why.
        reason: String,
    },
    /// A TPM structure does not parse.
    #[error(transparent)]
    Tpm(#[from] tpm::ParseError),
    /// A part is too large.
    #[error("{what} has {observed} bytes, at most {max} are allowed")]
    PartTooLong {
        /// Which.
        what: &'static str,
        /// Bytes received.
        observed: usize,
        /// The limit.
        max: usize,
    },
}

impl Diagnostic for ParseError {
    fn code(&self) -> &'static Code {
        match self {
            Self::TooLong { .. }
            | Self::Truncated { .. }
            | Self::Size { .. }
            | Self::Padding { .. } => &codes::LENGTH,
            Self::Header { .. } => &codes::HEADER,
            Self::ReportType { .. }
            | Self::OtherTee { .. }
            | Self::NotATdReport { .. }
            | Self::NotASnpReport(_) => &codes::REPORT_TYPE,
            Self::Quote(error) => error.code(),
            Self::OtherReport => &codes::OTHER_REPORT,
            Self::HashType { .. } => &codes::HASH_TYPE,
            Self::RuntimeData { .. } => &codes::RUNTIME_DATA,
            Self::Tpm(error) => error.code(),
            Self::PartTooLong { .. } => &codes::PARTS,
        }
    }
}
