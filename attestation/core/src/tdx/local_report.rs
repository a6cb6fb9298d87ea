//! A local TDREPORT: what the guest gets from the TDX module, before a quoting enclave signs it.

use crate::bytes::{Reader, ReportData, hex};
use crate::check::Check;
use crate::tdx::codes;
use crate::tdx::error::ParseError;

// SPEC: Intel TDX Module ABI 348551, TDREPORT_STRUCT and REPORTTYPE.
const LEN: usize = 1024;
const TYPE_TDX: u8 = 0x81;
const SUBTYPE_STANDARD: u8 = 0;
const REPORTMACSTRUCT_REST_BEFORE_DATA: usize = 12 + 16 + 48 + 48;

/// A parsed TDREPORT.
///
/// # Security
/// Its MAC can be checked only by the processor that made it. Nothing in here is ever Evidence
/// for a remote party; it is read for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalReport {
    bytes: Vec<u8>,
    report_type: [u8; 4],
    report_data: ReportData,
}

impl LocalReport {
    /// Parses received bytes. Whose report it is says [`Self::check_type`].
    ///
    /// # Errors
    /// [`ParseError`] if the length is not 1024 bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let wrong_len = || ParseError::LocalReportLength { expected: LEN, observed: bytes.len() };
        if bytes.len() != LEN {
            return Err(wrong_len());
        }
        let mut reader = Reader::new(bytes);
        let report_type = reader.array().ok_or_else(wrong_len)?;
        reader.take(REPORTMACSTRUCT_REST_BEFORE_DATA).ok_or_else(wrong_len)?;
        let report_data = reader.array().map(ReportData::new).ok_or_else(wrong_len)?;
        Ok(Self { bytes: bytes.to_vec(), report_type, report_data })
    }

    /// The received bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// `REPORTTYPE`: type, subtype, version, reserved.
    #[must_use]
    pub const fn report_type(&self) -> &[u8; 4] {
        &self.report_type
    }

    /// Whether `REPORTTYPE` names a TD, in a version that is known.
    #[must_use]
    pub fn check_type(&self) -> Check {
        let [kind, subtype, version, reserved] = self.report_type;
        let known =
            kind == TYPE_TDX && subtype == SUBTYPE_STANDARD && version <= 1 && reserved == 0;
        let observed = hex::encode(self.report_type);
        Check::decided(&codes::LOCAL_REPORT_TYPE, known, "81000000 or 81000100", observed)
    }

    /// `REPORTDATA`: the 64 bytes that the guest put in.
    #[must_use]
    pub const fn report_data(&self) -> &ReportData {
        &self.report_data
    }
}
