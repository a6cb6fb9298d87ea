//! Why bytes are not a TDX quote or TDREPORT.

use crate::code::{Code, Diagnostic};
use crate::tdx::codes;

/// The bytes are not a TDX quote of a known kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// More bytes than any quote has.
    #[error("quote has {observed} bytes, at most {max} are allowed")]
    TooLong {
        /// Bytes received.
        observed: usize,
        /// The limit.
        max: usize,
    },
    /// The bytes end before the structure does.
    #[error("quote ends inside {what}")]
    Truncated {
        /// The structure that is short.
        what: &'static str,
    },
    /// A quote version without a parser.
    #[error("quote version is {observed}, expected 4 or 5")]
    Version {
        /// The version field.
        observed: u16,
    },
    /// An SGX enclave's quote, which says nothing about a TD.
    #[error("quote of version {version} is an SGX enclave's, expected a TD's")]
    SgxQuote {
        /// The version field.
        version: u16,
    },
    /// Neither SGX nor TDX.
    #[error("TEE type is {observed:#x}, expected 0x81")]
    TeeType {
        /// The field.
        observed: u32,
    },
    /// Another signature algorithm than ECDSA P-256.
    #[error("attestation key type is {observed}, expected 2 (ECDSA P-256)")]
    AttestationKeyType {
        /// The field.
        observed: u16,
    },
    /// A quoting enclave by somebody else than Intel.
    #[error("QE vendor id is {observed}, expected Intel's 939a7233f79c4ca9940a0db3957f0607")]
    QeVendor {
        /// The field, in hex.
        observed: String,
    },
    /// A body type without a parser.
    #[error("quote body type is {observed}, expected 2, 3 or 4")]
    BodyType {
        /// The field.
        observed: u16,
    },
    /// The declared body size is not that of the declared body type.
    #[error("quote body is declared as {observed} bytes, expected {expected}")]
    BodySize {
        /// The size of this body type.
        expected: usize,
        /// The field.
        observed: u32,
    },
    /// Certification data of another type than the structure has at this place.
    #[error("certification data type is {observed}, expected {expected}")]
    CertificationDataType {
        /// The one type that verification can use here.
        expected: u16,
        /// The field.
        observed: u16,
    },
    /// Bytes inside the signature data that no declared size covers.
    #[error("{count} bytes of the quote signature data belong to no field")]
    Unclaimed {
        /// How many.
        count: usize,
    },
    /// Bytes behind the quote that are not zero padding.
    #[error("{count} bytes follow the quote and are not zero padding")]
    Trailing {
        /// How many.
        count: usize,
    },
    /// A TDREPORT of another length.
    #[error("TDREPORT has {observed} bytes, expected {expected}")]
    LocalReportLength {
        /// The one legal length.
        expected: usize,
        /// Bytes received.
        observed: usize,
    },
}

impl Diagnostic for ParseError {
    fn code(&self) -> &'static Code {
        match self {
            Self::TooLong { .. } | Self::Truncated { .. } => &codes::LENGTH,
            Self::Version { .. } => &codes::VERSION,
            Self::SgxQuote { .. } => &codes::SGX_QUOTE,
            Self::TeeType { .. } => &codes::TEE_TYPE,
            Self::AttestationKeyType { .. } => &codes::ATT_KEY_TYPE,
            Self::QeVendor { .. } => &codes::QE_VENDOR,
            Self::BodyType { .. } | Self::BodySize { .. } => &codes::BODY,
            Self::CertificationDataType { .. } => &codes::CERTIFICATION_DATA,
            Self::Unclaimed { .. } | Self::Trailing { .. } => &codes::TRAILING,
            Self::LocalReportLength { .. } => &codes::LOCAL_REPORT,
        }
    }
}
