//! The HCL report: what the paravisor leaves in NV index 0x01400001 of the virtual TPM.

use aws_lc_rs::digest::{Algorithm, SHA256, SHA384, SHA512, digest};

use super::error::ParseError;
use super::runtime::RuntimeData;
use crate::bytes::{Reader, ReportData, hex};
use crate::evidence::Tee;
use crate::limits::HCL_REPORT_BYTES_MAX;
use crate::snp::Report;
use crate::tdx::LocalReport;

// SPEC: OpenHCL igvm_attest, IgvmAttestRequestHeader, IgvmAttestRequestData. All little-endian.
const SIGNATURE: [u8; 4] = *b"HCLA";
const HEADER_BYTES: usize = 32;
const HARDWARE_BYTES: usize = 1184;
const TD_REPORT_BYTES: usize = 1024;
const DATA_HEADER_BYTES: usize = 20;
const REQUEST_AK_CERTIFICATE: u32 = 2;
const TYPE_SNP: u32 = 2;
const TYPE_TDX: u32 = 4;

/// A parsed HCL report with the bytes that it was parsed from.
///
/// # Security
/// Nothing in here is authenticated. The hardware vouches for the runtime data once its report is
/// verified and [`HclReport::binds_runtime_data`] holds for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HclReport {
    bytes: Vec<u8>,
    hardware: HclHardware,
    hash: HashType,
    runtime: RuntimeData,
}

/// The hardware's report inside an HCL report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HclHardware {
    /// An SEV-SNP report, signed.
    Snp(Report),
    /// A TDREPORT, which only its own processor can check. The quote travels beside.
    Tdx(LocalReport),
}

/// How REPORT_DATA binds the runtime data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HashType {
    Sha256,
    Sha384,
    Sha512,
}

impl HclReport {
    /// Parses one report and the zero padding up to the size of the NV index.
    ///
    /// # Errors
    /// [`ParseError`] with the field and what was there.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        if bytes.len() > HCL_REPORT_BYTES_MAX {
            let (observed, max) = (bytes.len(), HCL_REPORT_BYTES_MAX);
            return Err(ParseError::TooLong { observed, max });
        }
        let mut reader = Reader::new(bytes);
        let report_size = header(&mut reader)?;
        let hardware = reader.take(HARDWARE_BYTES).ok_or(truncated("the hardware report"))?;
        let data = DataHeader::read(&mut reader)?;
        let length = usize::try_from(data.variable_size).unwrap_or(usize::MAX);
        let runtime = reader.take(length).ok_or(truncated("the runtime data"))?;
        let end = bytes.len().saturating_sub(reader.rest().len());
        exactly("the report", report_size, end)?;
        exactly("the request data", data.size, DATA_HEADER_BYTES.saturating_add(length))?;
        zero(reader.rest(), "what follows the report")?;
        Ok(Self {
            hardware: HclHardware::parse(data.report_type, hardware)?,
            hash: HashType::from_field(data.hash_type)?,
            runtime: RuntimeData::parse(runtime)?,
            bytes: bytes.to_vec(),
        })
    }

    /// The received bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The hardware's report.
    #[must_use]
    pub const fn hardware(&self) -> &HclHardware {
        &self.hardware
    }

    /// What the paravisor says about the VM and its keys.
    #[must_use]
    pub const fn runtime(&self) -> &RuntimeData {
        &self.runtime
    }

    /// Which hardware.
    #[must_use]
    pub const fn tee(&self) -> Tee {
        match self.hardware {
            HclHardware::Snp(_) => Tee::Snp,
            HclHardware::Tdx(_) => Tee::Tdx,
        }
    }

    /// What REPORT_DATA has to be: the hash of the runtime data as received, then zero.
    #[must_use]
    pub fn expected_report_data(&self) -> ReportData {
        let hash = digest(self.hash.algorithm(), self.runtime.as_bytes());
        let mut expected = [0; ReportData::LEN];
        expected.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
        ReportData::new(expected)
    }

    /// Whether `report_data`, from the hardware, vouches for the runtime data.
    #[must_use]
    pub fn binds_runtime_data(&self, report_data: &ReportData) -> bool {
        self.expected_report_data().ct_eq(report_data)
    }

    /// REPORT_DATA of the hardware's report inside, which is not verified.
    #[must_use]
    pub const fn report_data(&self) -> &ReportData {
        match &self.hardware {
            HclHardware::Snp(report) => report.report_data(),
            HclHardware::Tdx(report) => report.report_data(),
        }
    }
}

/// Checks the fixed fields and returns the declared size of the whole report.
fn header(reader: &mut Reader<'_>) -> Result<u32, ParseError> {
    let ended = || truncated("the header");
    let signature: [u8; 4] = reader.array().ok_or_else(ended)?;
    if signature != SIGNATURE {
        let observed = u32::from_be_bytes(signature);
        return Err(ParseError::Header { field: "signature", observed, expected: "`HCLA`" });
    }
    let version = reader.u32().ok_or_else(ended)?;
    if !matches!(version, 1 | 2) {
        return Err(ParseError::Header { field: "version", observed: version, expected: "1 or 2" });
    }
    let size = reader.u32().ok_or_else(ended)?;
    fixed("request type", reader.u32().ok_or_else(ended)?, REQUEST_AK_CERTIFICATE, "2")?;
    fixed("status", reader.u32().ok_or_else(ended)?, 0, "0")?;
    zero(reader.take(12).ok_or_else(ended)?, "the reserved part of the header")?;
    Ok(size)
}

/// What stands before the runtime data.
struct DataHeader {
    size: u32,
    report_type: u32,
    hash_type: u32,
    variable_size: u32,
}

impl DataHeader {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        let ended = || truncated("the request data");
        let size = reader.u32().ok_or_else(ended)?;
        fixed("request data version", reader.u32().ok_or_else(ended)?, 1, "1")?;
        Ok(Self {
            size,
            report_type: reader.u32().ok_or_else(ended)?,
            hash_type: reader.u32().ok_or_else(ended)?,
            variable_size: reader.u32().ok_or_else(ended)?,
        })
    }
}

impl HclHardware {
    /// Reads the report as what the header declares, which is refused unless it is that.
    fn parse(report_type: u32, bytes: &[u8]) -> Result<Self, ParseError> {
        match report_type {
            TYPE_SNP => Report::parse(bytes).map(Self::Snp).map_err(ParseError::NotASnpReport),
            TYPE_TDX => {
                let (report, rest) = bytes
                    .split_at_checked(TD_REPORT_BYTES)
                    .ok_or(truncated("the hardware report"))?;
                let report = LocalReport::parse(report)?;
                if report.check_type().failed() {
                    let observed = hex::encode(report.report_type());
                    return Err(ParseError::NotATdReport { observed });
                }
                zero(rest, "what follows the TDREPORT")?;
                Ok(Self::Tdx(report))
            }
            observed => Err(ParseError::ReportType { observed }),
        }
    }
}

impl HashType {
    // SPEC: OpenHCL igvm_attest, IgvmAttestHashType.
    const fn from_field(field: u32) -> Result<Self, ParseError> {
        match field {
            1 => Ok(Self::Sha256),
            2 => Ok(Self::Sha384),
            3 => Ok(Self::Sha512),
            observed => Err(ParseError::HashType { observed }),
        }
    }

    const fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Sha256 => &SHA256,
            Self::Sha384 => &SHA384,
            Self::Sha512 => &SHA512,
        }
    }
}

const fn truncated(what: &'static str) -> ParseError {
    ParseError::Truncated { what }
}

fn fixed(
    field: &'static str,
    observed: u32,
    value: u32,
    expected: &'static str,
) -> Result<(), ParseError> {
    if observed == value { Ok(()) } else { Err(ParseError::Header { field, observed, expected }) }
}

fn exactly(what: &'static str, observed: u32, expected: usize) -> Result<(), ParseError> {
    if usize::try_from(observed) == Ok(expected) {
        return Ok(());
    }
    Err(ParseError::Size { what, expected, observed })
}

fn zero(bytes: &[u8], what: &'static str) -> Result<(), ParseError> {
    if bytes.iter().all(|byte| *byte == 0) { Ok(()) } else { Err(ParseError::Padding { what }) }
}

const _: () = assert!(HEADER_BYTES == 4 * 5 + 12);
