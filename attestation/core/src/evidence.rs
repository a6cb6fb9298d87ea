//! Evidence: parsed bytes, believed by nobody.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::bytes::Digest48;
use crate::{snp, tdx};

/// The hardware that produced Evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Tee {
    /// AMD SEV-SNP.
    Snp,
    /// Intel TDX.
    Tdx,
}

impl fmt::Display for Tee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Snp => "snp",
            Self::Tdx => "tdx",
        })
    }
}

/// One parsed report or quote, with the bytes that it was parsed from.
///
/// # Security
/// Nothing in here is authenticated. [`crate::verify::verify`] authenticates it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "one value for each verification, moved a few times")]
pub enum Evidence {
    /// An SEV-SNP attestation report.
    Snp(snp::Report),
    /// A TDX quote.
    Tdx(tdx::Quote),
}

impl Evidence {
    /// Parses received bytes as the TEE that the sender names. The name chooses the parser and
    /// nothing else: a report under the wrong name does not parse.
    ///
    /// # Errors
    /// The parser's own error.
    pub fn parse(tee: Tee, bytes: &[u8]) -> Result<Self, ParseError> {
        match tee {
            Tee::Snp => Ok(Self::Snp(snp::Report::parse(bytes)?)),
            Tee::Tdx => Ok(Self::Tdx(tdx::Quote::parse(bytes)?)),
        }
    }

    /// Which TEE this claims to come from.
    #[must_use]
    pub const fn tee(&self) -> Tee {
        match self {
            Self::Snp(_) => Tee::Snp,
            Self::Tdx(_) => Tee::Tdx,
        }
    }

    /// SHA-384 over the received bytes.
    ///
    /// # Security
    /// Says which bytes were judged, never that they are new. The same content has many spellings:
    /// an ECDSA signature is as good with S negated, and what follows the signatures of a quote is
    /// not signed. Replay is excluded by the nonce in REPORT_DATA, never by remembering digests.
    #[must_use]
    pub fn digest(&self) -> Digest48 {
        Digest48::sha384(match self {
            Self::Snp(report) => report.as_bytes(),
            Self::Tdx(quote) => quote.as_bytes(),
        })
    }
}

/// Evidence did not parse.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Not an SEV-SNP report.
    #[error(transparent)]
    Snp(#[from] snp::ParseError),
    /// Not a TDX quote.
    #[error(transparent)]
    Tdx(#[from] tdx::ParseError),
}

impl crate::code::Diagnostic for ParseError {
    fn code(&self) -> &'static crate::code::Code {
        match self {
            Self::Snp(error) => error.code(),
            Self::Tdx(error) => error.code(),
        }
    }
}
