//! The HCL report, field by field.

use cloister_attestation::bytes::ReportData;

use crate::guest::Guest;

/// Size of the NV index in Azure's virtual TPMs.
pub(super) const NV_BYTES: usize = 2600;
const HARDWARE_BYTES: usize = 1184;

/// Every field of an HCL report but the runtime data, named as in its specification. All sizes
/// are computed where they are `None`.
///
/// SPEC: OpenHCL igvm_attest, IgvmAttestRequestHeader, IgvmAttestRequestData.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the specification's, under its names")]
pub struct HclFields {
    pub signature: [u8; 4],
    pub version: u32,
    pub report_size: Option<u32>,
    pub request_type: u32,
    pub status: u32,
    pub reserved: [u8; 12],
    /// 1184 bytes.
    pub hardware: Vec<u8>,
    pub data_size: Option<u32>,
    pub data_version: u32,
    pub report_type: u32,
    pub hash_type: u32,
    pub variable_data_size: Option<u32>,
}

impl HclFields {
    /// What an honest paravisor writes.
    pub(super) fn of(paravisor: &Guest, report_data: &ReportData, hardware: &[u8]) -> Self {
        let mut inside = match paravisor {
            Guest::Snp(_) => hardware.to_vec(),
            Guest::Tdx(_) => td_report(report_data),
        };
        inside.resize(HARDWARE_BYTES, 0);
        Self {
            signature: *b"HCLA",
            version: 2,
            report_size: None,
            request_type: 2,
            status: 0,
            reserved: [0; 12],
            hardware: inside,
            data_size: None,
            data_version: 1,
            report_type: match paravisor {
                Guest::Snp(_) => 2,
                Guest::Tdx(_) => 4,
            },
            hash_type: 1,
            variable_data_size: None,
        }
    }

    /// The report, padded to the size of the NV index.
    pub(super) fn encode(&self, runtime: &[u8], nv_bytes: usize) -> Vec<u8> {
        let length = |bytes: usize| u32::try_from(bytes).expect("a report has kilobytes");
        let (variable, data) = (length(runtime.len()), length(runtime.len() + 20));
        let whole = length(32 + self.hardware.len() + 20 + runtime.len());
        let mut report = [
            self.signature.as_slice(),
            &self.version.to_le_bytes(),
            &self.report_size.unwrap_or(whole).to_le_bytes(),
            &self.request_type.to_le_bytes(),
            &self.status.to_le_bytes(),
            &self.reserved,
            &self.hardware,
            &self.data_size.unwrap_or(data).to_le_bytes(),
            &self.data_version.to_le_bytes(),
            &self.report_type.to_le_bytes(),
            &self.hash_type.to_le_bytes(),
            &self.variable_data_size.unwrap_or(variable).to_le_bytes(),
            runtime,
        ]
        .concat();
        report.resize(report.len().max(nv_bytes), 0);
        report
    }
}

/// A TDREPORT with a type and REPORTDATA; its MAC and measurements are read by nobody.
// SPEC: Intel TDX Module ABI 348551, TDREPORT_STRUCT.
fn td_report(report_data: &ReportData) -> Vec<u8> {
    let mut report = vec![0; 1024];
    report[0] = 0x81;
    report[128..192].copy_from_slice(report_data.as_bytes());
    report
}
