//! The 48 bytes that open every quote.

use crate::bytes::{Reader, hex};
use crate::tdx::error::ParseError;

/// Length in bytes.
pub(super) const LEN: usize = 48;

// SPEC: Intel TDX DCAP Quoting Library API, A.3.1 "TD Quote Header".
const ATT_KEY_TYPE_ECDSA_P256: u16 = 2;
const TEE_TYPE_SGX: u32 = 0;
const TEE_TYPE_TDX: u32 = 0x81;
const INTEL_QE_VENDOR_ID: [u8; 16] = [
    0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07,
];

/// The header of a TDX quote: version 4 or 5, ECDSA P-256, by Intel's quoting enclave.
///
/// Nothing in here is authenticated until the quote is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    version: u16,
    user_data: [u8; 20],
}

impl Header {
    /// Reads the header and refuses every quote that is not a TDX quote of a known kind.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let truncated = || ParseError::Truncated { what: "the quote header" };
        let version = reader.u16().ok_or_else(truncated)?;
        let att_key_type = reader.u16().ok_or_else(truncated)?;
        let tee_type = reader.u32().ok_or_else(truncated)?;
        // QE SVN and PCE SVN of a version 3 quote; reserved since. The PCK certificate and the QE
        // report carry the authoritative values, so these are signed over and not interpreted.
        reader.take(4).ok_or_else(truncated)?;
        let qe_vendor_id: [u8; 16] = reader.array().ok_or_else(truncated)?;
        let user_data = reader.array().ok_or_else(truncated)?;
        match (version, tee_type) {
            (_, TEE_TYPE_SGX) => return Err(ParseError::SgxQuote { version }),
            (4 | 5, TEE_TYPE_TDX) => {}
            (4 | 5, observed) => return Err(ParseError::TeeType { observed }),
            (observed, _) => return Err(ParseError::Version { observed }),
        }
        if att_key_type != ATT_KEY_TYPE_ECDSA_P256 {
            return Err(ParseError::AttestationKeyType { observed: att_key_type });
        }
        if qe_vendor_id != INTEL_QE_VENDOR_ID {
            return Err(ParseError::QeVendor { observed: hex::encode(qe_vendor_id) });
        }
        Ok(Self { version, user_data })
    }

    /// `Version`: 4 or 5.
    #[must_use]
    pub const fn version(&self) -> u16 {
        self.version
    }

    /// `User Data`: Intel's quoting enclave puts its QE identifier into the first 16 bytes.
    #[must_use]
    pub const fn user_data(&self) -> &[u8; 20] {
        &self.user_data
    }
}
