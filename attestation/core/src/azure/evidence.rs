//! Evidence from an Azure confidential VM: all its parts, parsed and believed by nobody.

use super::error::ParseError;
use super::hcl::{HclHardware, HclReport};
use crate::bytes::Digest48;
use crate::evidence::{Evidence, Tee};
use crate::limits::ENDORSEMENT_BYTES_MAX;
use crate::tdx::Quote;
use crate::tpm::SignedQuote;

/// The parts as they are received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Which hardware the sender says this is.
    pub tee: Tee,
    /// The SEV-SNP report that is inside the HCL report, or the TD quote that was made from the
    /// TDREPORT in it.
    pub hardware: &'a [u8],
    /// The content of NV index 0x01400001.
    pub hcl_report: &'a [u8],
    /// `TPMS_ATTEST`.
    pub tpm_quote: &'a [u8],
    /// `TPMT_SIGNATURE`.
    pub tpm_signature: &'a [u8],
    /// The values of the quoted PCRs, concatenated in ascending order.
    pub pcrs: &'a [u8],
    /// Azure's certificate for the attestation key and its issuers up to the root, as PEM.
    pub ak_certificates: Option<&'a [u8]>,
}

/// Parsed Evidence from an Azure confidential VM.
///
/// # Security
/// Nothing in here is authenticated. [`crate::verify::verify`] authenticates it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AzureEvidence {
    // INVARIANT: an SEV-SNP report or a TDX quote, never Evidence from Azure again.
    hardware: Box<Evidence>,
    vtpm: Vtpm,
    digest: Digest48,
}

/// Everything but the hardware's report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Vtpm {
    pub(super) hcl: HclReport,
    pub(super) quote: SignedQuote,
    pub(super) ak_certificates: Option<Vec<u8>>,
}

impl AzureEvidence {
    /// Parses every part, and refuses parts of different hardware.
    ///
    /// # Errors
    /// [`ParseError`] of the part that is wrong.
    pub fn parse(parts: &Parts<'_>) -> Result<Self, ParseError> {
        let hcl = HclReport::parse(parts.hcl_report)?;
        if hcl.tee() != parts.tee {
            return Err(ParseError::OtherTee { expected: parts.tee, observed: hcl.tee() });
        }
        let hardware = match hcl.hardware() {
            HclHardware::Snp(report) if report.as_bytes() == parts.hardware => {
                Evidence::Snp(report.clone())
            }
            HclHardware::Snp(_) => return Err(ParseError::OtherReport),
            HclHardware::Tdx(_) => Evidence::Tdx(Quote::parse(parts.hardware)?),
        };
        let quote = SignedQuote::parse(parts.tpm_quote, parts.tpm_signature, parts.pcrs)?;
        let ak_certificates = match parts.ak_certificates {
            Some(pem) if pem.len() > ENDORSEMENT_BYTES_MAX => {
                return Err(ParseError::PartTooLong {
                    what: "attestation key certificates",
                    observed: pem.len(),
                    max: ENDORSEMENT_BYTES_MAX,
                });
            }
            pem => pem.map(<[u8]>::to_vec),
        };
        Ok(Self {
            hardware: Box::new(hardware),
            vtpm: Vtpm { hcl, quote, ak_certificates },
            digest: digest(parts),
        })
    }

    /// The hardware's report or quote: what signs the paravisor.
    #[must_use]
    pub fn hardware(&self) -> &Evidence {
        &self.hardware
    }

    /// The HCL report.
    #[must_use]
    pub const fn hcl_report(&self) -> &HclReport {
        &self.vtpm.hcl
    }

    /// The TPM quote with its signature and PCR values.
    #[must_use]
    pub const fn quote(&self) -> &SignedQuote {
        &self.vtpm.quote
    }

    /// SHA-384 over all received parts that are Evidence, each with its length.
    #[must_use]
    pub const fn digest(&self) -> Digest48 {
        self.digest
    }

    pub(super) fn into_parts(self) -> (Evidence, Vtpm, Digest48) {
        (*self.hardware, self.vtpm, self.digest)
    }
}

/// First bytes of the digest's preimage.
const LABEL: &[u8] = b"cloister/azure-evidence/1";

fn digest(parts: &Parts<'_>) -> Digest48 {
    let mut preimage = LABEL.to_vec();
    for part in [parts.hardware, parts.hcl_report, parts.tpm_quote, parts.tpm_signature, parts.pcrs]
    {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        preimage.extend_from_slice(&length.to_be_bytes());
        preimage.extend_from_slice(part);
    }
    Digest48::sha384(&preimage)
}
