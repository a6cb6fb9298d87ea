//! A quote with its signature and the values that it is about.

use super::codes;
use super::digest::Digest;
use super::error::ParseError;
use super::key::AttestationKey;
use super::pcr::PcrValues;
use super::quote::Quote;
use super::signature::Signature;
use crate::bytes::hex;
use crate::check::Check;
use crate::trail::Trail;
use crate::verify::VerifyError;

/// A quote as it travels: the structure, its signature, the PCR values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedQuote {
    quote: Quote,
    signature: Signature,
    pcrs: PcrValues,
}

impl SignedQuote {
    /// Parses the three parts: `TPMS_ATTEST`, `TPMT_SIGNATURE`, and the values of the quoted PCRs,
    /// concatenated in ascending order.
    ///
    /// # Errors
    /// [`ParseError`] of the part that is wrong.
    pub fn parse(quote: &[u8], signature: &[u8], pcrs: &[u8]) -> Result<Self, ParseError> {
        let quote = Quote::parse(quote)?;
        let signature = Signature::parse(signature)?;
        let pcrs = PcrValues::parse(*quote.selection(), pcrs)?;
        Ok(Self { quote, signature, pcrs })
    }

    /// The quote.
    #[must_use]
    pub const fn quote(&self) -> &Quote {
        &self.quote
    }

    /// The signature.
    #[must_use]
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The PCR values.
    #[must_use]
    pub const fn pcrs(&self) -> &PcrValues {
        &self.pcrs
    }

    /// Verifies the quote under `key`, and the PCR values against the quote.
    ///
    /// # Security
    /// Success asserts that the holder of `key` signed these PCR values. It asserts nothing about
    /// who that is.
    ///
    /// # Errors
    /// [`VerifyError::Refused`] at the first step that fails.
    pub fn verify(&self, key: &AttestationKey) -> Result<Vec<Check>, VerifyError> {
        let mut trail = Trail::default();
        self.steps(&mut trail, key)?;
        Ok(trail.into_checks())
    }

    pub(crate) fn steps(&self, trail: &mut Trail, key: &AttestationKey) -> Result<(), VerifyError> {
        let signed = key.verifies(self.quote.as_bytes(), &self.signature);
        let observed = if signed { "signed by it" } else { "not signed by it" };
        trail.require(Check::decided(&codes::SIGNATURE, signed, key, observed))?;
        trail.require(self.pcr_digest())?;
        trail.require(self.resettable())?;
        let name = hex::encode(self.quote.qualified_signer());
        trail.not_asserted(&codes::QUALIFIED_SIGNER, name);
        let (clock, firmware) = (self.quote.clock_info(), self.quote.firmware_version());
        trail.not_asserted(&codes::CLOCK, format!("{clock}, firmware {firmware:#x}"));
        Ok(())
    }

    // SPEC: TPM 2.0 Part 3, section 18.4: the digest is made with the hash of the signing scheme.
    fn pcr_digest(&self) -> Check {
        let values: Digest = self.pcrs.digest(self.signature.hash());
        let quoted = self.quote.pcr_digest();
        let ok = quoted == values.as_bytes();
        Check::decided(&codes::PCR_DIGEST, ok, hex::encode(quoted), values)
    }

    fn resettable(&self) -> Check {
        let quoted: Vec<String> =
            self.quote.selection().resettable().map(|pcr| pcr.to_string()).collect();
        if quoted.is_empty() {
            return Check::not_applicable(&codes::RESETTABLE, "none is quoted");
        }
        Check::not_asserted(&codes::RESETTABLE, format!("PCRs {} are quoted", quoted.join(", ")))
    }
}
