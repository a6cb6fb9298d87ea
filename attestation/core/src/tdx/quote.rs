//! A TDX quote as received.

use crate::bytes::{Reader, ReportData};
use crate::limits::HARDWARE_EVIDENCE_BYTES_MAX;
use crate::tdx::auth_data::AuthData;
use crate::tdx::error::ParseError;
use crate::tdx::header::{self, Header};
use crate::tdx::td_report::{self, TdReport};

// SPEC: Intel DCAP sgx_quote_5.h, quote body types.
const BODY_SGX: u16 = 1;
const BODY_TD_10: u16 = 2;
const BODY_TD_15: u16 = 3;
const BODY_TD_15_EX: u16 = 4;

/// A parsed TDX quote of version 4 or 5, with the bytes that it was parsed from.
///
/// # Security
/// Nothing in here is authenticated. [`crate::tdx::verify`] authenticates it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    bytes: Vec<u8>,
    header: Header,
    td_report: TdReport,
    auth_data: AuthData,
    signed_len: usize,
    padding: usize,
}

impl Quote {
    /// Parses received bytes: exactly one quote, then nothing but zero padding.
    ///
    /// Quote buffers of fixed size are common, and what they hold beyond the quote is zero. It is
    /// counted ([`Self::padding`]) and kept; anything else behind the quote is refused.
    ///
    /// # Errors
    /// [`ParseError`] with the field and what was there.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        if bytes.len() > HARDWARE_EVIDENCE_BYTES_MAX {
            return Err(ParseError::TooLong {
                observed: bytes.len(),
                max: HARDWARE_EVIDENCE_BYTES_MAX,
            });
        }
        let mut reader = Reader::new(bytes);
        let header = Header::read(&mut reader)?;
        let td_report = match header.version() {
            4 => TdReport::read_10(&mut reader)?,
            _ => read_typed_body(&mut reader)?,
        };
        let signed_len = bytes.len().saturating_sub(reader.rest().len());
        let auth_data = AuthData::parse(read_auth_data(&mut reader)?)?;
        let trailing = reader.rest();
        if trailing.iter().any(|byte| *byte != 0) {
            return Err(ParseError::Trailing { count: trailing.len() });
        }
        let padding = trailing.len();
        Ok(Self { bytes: bytes.to_vec(), header, td_report, auth_data, signed_len, padding })
    }

    /// The received bytes, padding included.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes that the attestation key signed: header and body.
    #[must_use]
    pub fn signed_bytes(&self) -> &[u8] {
        self.bytes.get(..self.signed_len).unwrap_or_default()
    }

    /// How many zero bytes follow the quote.
    #[must_use]
    pub const fn padding(&self) -> usize {
        self.padding
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// `Version`: 4 or 5.
    #[must_use]
    pub const fn version(&self) -> u32 {
        match self.header.version() {
            4 => 4,
            _ => 5,
        }
    }

    /// The TD report.
    #[must_use]
    pub const fn td_report(&self) -> &TdReport {
        &self.td_report
    }

    /// `REPORTDATA`: the 64 bytes that the guest asked to have signed.
    #[must_use]
    pub const fn report_data(&self) -> &ReportData {
        self.td_report.report_data()
    }

    /// Signature, attestation key, and what certifies it.
    #[must_use]
    pub const fn auth_data(&self) -> &AuthData {
        &self.auth_data
    }
}

/// Reads one kind of TD report.
type ReadBody = fn(&mut Reader<'_>) -> Result<TdReport, ParseError>;

/// A version 5 body: type, size, then a report of exactly that size.
fn read_typed_body(reader: &mut Reader<'_>) -> Result<TdReport, ParseError> {
    let truncated = || ParseError::Truncated { what: "the quote body descriptor" };
    let body_type = reader.u16().ok_or_else(truncated)?;
    let observed = reader.u32().ok_or_else(truncated)?;
    let (expected, read): (usize, ReadBody) = match body_type {
        BODY_TD_10 => (td_report::LEN_10, TdReport::read_10),
        BODY_TD_15 => (td_report::LEN_15, TdReport::read_15),
        BODY_TD_15_EX => (td_report::LEN_15_EX, TdReport::read_15_ex),
        BODY_SGX => return Err(ParseError::SgxQuote { version: 5 }),
        observed => return Err(ParseError::BodyType { observed }),
    };
    if usize::try_from(observed) != Ok(expected) {
        return Err(ParseError::BodySize { expected, observed });
    }
    read(reader)
}

fn read_auth_data<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], ParseError> {
    let truncated = || ParseError::Truncated { what: "the quote signature data" };
    let len = reader.u32().and_then(|len| usize::try_from(len).ok()).ok_or_else(truncated)?;
    reader.take(len).ok_or_else(truncated)
}

const _: () = {
    // The three bodies differ by exactly the fields that each generation adds.
    assert!(header::LEN == 48);
    assert!(td_report::LEN_15 - td_report::LEN_10 == 16 + 48);
    assert!(
        td_report::LEN_15_EX - td_report::LEN_15 == 1 + 32 + 48 + 48 + 8 + 16 + 16 + 12 + 48 + 8
    );
};
