//! What follows the signed part of a quote: signature, attestation key, and their certification.

use crate::bytes::Reader;
use crate::tdx::error::ParseError;
use crate::tdx::qe_report::{self, QeReport};

// SPEC: Intel TDX DCAP Quoting Library API, A.3.9 "QE Certification Data", types.
const QE_REPORT_CERTIFICATION_DATA: u16 = 6;
const PCK_CERTIFICATE_CHAIN: u16 = 5;

/// The signature over a quote and what certifies its key.
///
/// Nothing in here is authenticated until the quote is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthData {
    signature: [u8; 64],
    attestation_key: [u8; 64],
    qe_report_bytes: [u8; qe_report::LEN],
    qe_report: QeReport,
    qe_report_signature: [u8; 64],
    qe_authentication_data: Vec<u8>,
    pck_chain: Vec<u8>,
}

impl AuthData {
    // SPEC: Intel TDX DCAP Quoting Library API, A.3.8 "ECDSA 256-bit Quote Signature Data
    // Structure - Version 4" and A.3.11 "QE Report Certification Data".
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut outer = Reader::new(bytes);
        let signature = outer.array().ok_or(TRUNCATED)?;
        let attestation_key = outer.array().ok_or(TRUNCATED)?;
        let mut inner = Reader::new(certification(&mut outer, QE_REPORT_CERTIFICATION_DATA)?);
        let qe_report_bytes = inner.array().ok_or(TRUNCATED)?;
        let qe_report = QeReport::read(&qe_report_bytes).ok_or(TRUNCATED)?;
        let qe_report_signature = inner.array().ok_or(TRUNCATED)?;
        let authentication_len = inner.u16().ok_or(TRUNCATED)?;
        let qe_authentication_data =
            inner.take(authentication_len.into()).ok_or(TRUNCATED)?.to_vec();
        let pck_chain = certification(&mut inner, PCK_CERTIFICATE_CHAIN)?.to_vec();
        Ok(Self {
            signature,
            attestation_key,
            qe_report_bytes,
            qe_report,
            qe_report_signature,
            qe_authentication_data,
            pck_chain,
        })
    }

    /// ECDSA P-256 signature over header and body: R and S, 32 bytes each, big-endian.
    #[must_use]
    pub const fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// The attestation key: X and Y of a P-256 point, 32 bytes each, big-endian.
    #[must_use]
    pub const fn attestation_key(&self) -> &[u8; 64] {
        &self.attestation_key
    }

    /// The quoting enclave's report, as the PCK signed it.
    #[must_use]
    pub const fn qe_report_bytes(&self) -> &[u8; qe_report::LEN] {
        &self.qe_report_bytes
    }

    /// The quoting enclave's report.
    #[must_use]
    pub const fn qe_report(&self) -> &QeReport {
        &self.qe_report
    }

    /// ECDSA P-256 signature by the PCK over the quoting enclave's report: R and S.
    #[must_use]
    pub const fn qe_report_signature(&self) -> &[u8; 64] {
        &self.qe_report_signature
    }

    /// What the quoting enclave hashes together with the attestation key.
    #[must_use]
    pub fn qe_authentication_data(&self) -> &[u8] {
        &self.qe_authentication_data
    }

    /// The PCK certificate chain in PEM, leaf first. A hint until verified.
    #[must_use]
    pub fn pck_chain(&self) -> &[u8] {
        &self.pck_chain
    }
}

const TRUNCATED: ParseError = ParseError::Truncated { what: "the quote signature data" };

/// Reads a certification data structure of `expected` type that fills the rest of `reader`.
fn certification<'a>(reader: &mut Reader<'a>, expected: u16) -> Result<&'a [u8], ParseError> {
    let observed = reader.u16().ok_or(TRUNCATED)?;
    if observed != expected {
        return Err(ParseError::CertificationDataType { expected, observed });
    }
    let len = reader.u32().and_then(|len| usize::try_from(len).ok()).ok_or(TRUNCATED)?;
    let body = reader.take(len).ok_or(TRUNCATED)?;
    if reader.is_empty() {
        Ok(body)
    } else {
        Err(ParseError::Unclaimed { count: reader.rest().len() })
    }
}
