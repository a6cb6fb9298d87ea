//! Evidence: parsed bytes, believed by nobody.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::bytes::{Digest48, ReportData};
use crate::envelope::{Envelope, Vtpm};
use crate::{azure, snp, tdx};

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
    /// One of these through Azure's paravisor, with a quote of its virtual TPM.
    Azure(azure::AzureEvidence),
}

/// How the hardware's word reaches the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Route {
    /// The guest itself asked the hardware, which measured the guest.
    Direct,
    /// Azure's paravisor asked the hardware, which measured the paravisor. Its virtual TPM speaks
    /// for the guest.
    AzureVtpm,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "direct",
            Self::AzureVtpm => "azure_vtpm",
        })
    }
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

    /// Parses what an envelope carries: the report or quote, and the virtual TPM's part with it.
    ///
    /// # Errors
    /// The parser's own error.
    pub fn from_envelope(envelope: &Envelope) -> Result<Self, ParseError> {
        match &envelope.vtpm {
            None => Self::parse(envelope.tee, &envelope.hardware),
            Some(vtpm) => Self::behind_paravisor(envelope.tee, &envelope.hardware, vtpm),
        }
    }

    /// Parses a report or quote of the paravisor together with what its virtual TPM adds.
    ///
    /// # Errors
    /// The parser's own error.
    pub fn behind_paravisor(tee: Tee, hardware: &[u8], vtpm: &Vtpm) -> Result<Self, ParseError> {
        Ok(Self::Azure(azure::AzureEvidence::parse(&vtpm.parts(tee, hardware))?))
    }

    /// The hardware's report or quote, through whatever it came.
    #[must_use]
    pub fn hardware(&self) -> &Self {
        match self {
            Self::Snp(_) | Self::Tdx(_) => self,
            Self::Azure(azure) => azure.hardware(),
        }
    }

    /// Which TEE this claims to come from.
    #[must_use]
    pub fn tee(&self) -> Tee {
        match self {
            Self::Snp(_) => Tee::Snp,
            Self::Tdx(_) => Tee::Tdx,
            Self::Azure(azure) => azure.hcl_report().tee(),
        }
    }

    /// REPORT_DATA of the hardware's report or quote. Behind a paravisor it is not the guest's.
    pub(crate) fn hardware_report_data(&self) -> &ReportData {
        match self {
            Self::Snp(report) => report.report_data(),
            Self::Tdx(quote) => quote.report_data(),
            Self::Azure(azure) => azure.hardware().hardware_report_data(),
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
        match self {
            Self::Snp(report) => Digest48::sha384(report.as_bytes()),
            Self::Tdx(quote) => Digest48::sha384(quote.as_bytes()),
            Self::Azure(azure) => azure.digest(),
        }
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
    /// Not Evidence from an Azure confidential VM.
    #[error(transparent)]
    Azure(#[from] azure::ParseError),
}

impl crate::code::Diagnostic for ParseError {
    fn code(&self) -> &'static crate::code::Code {
        match self {
            Self::Snp(error) => error.code(),
            Self::Tdx(error) => error.code(),
            Self::Azure(error) => error.code(),
        }
    }
}
