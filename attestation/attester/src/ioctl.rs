//! The two requests of `/dev/sev-guest` that are needed, and nothing else of it.
//!
//! The host chooses what is in the certificate buffer, so it is handed on as bytes, bounded by the
//! buffer, and read by a parser that believes none of its offsets.
//!
//! SPEC: Linux `include/uapi/linux/sev-guest.h`.

use std::fs::File;
use std::io;

use cloister_attestation::bytes::{Reader, ReportData};
use rustix::ioctl::{Opcode, Updater, opcode};

use crate::limits::CERTIFICATE_TABLE_BYTES_MAX;

/// `msg_version`.
const MESSAGE_VERSION: u8 = 1;
/// `SNP_GUEST_VMM_ERR_INVALID_LEN`.
const INVALID_LENGTH: u32 = 1;
/// What precedes the report in the firmware's response: status, size, reserved.
///
/// SPEC: AMD 56860 Table 25, `MSG_REPORT_RSP`.
const RESPONSE_HEADER_LEN: usize = 32;
const REPORT_LEN: usize = 1184;
/// GUID, offset, length.
const TABLE_ENTRY_LEN: usize = 24;

/// `struct snp_report_req`.
#[repr(C)]
struct ReportRequest {
    user_data: [u8; 64],
    vmpl: u32,
    reserved: [u8; 28],
}

/// `struct snp_ext_report_req`.
#[repr(C)]
struct ExtendedReportRequest {
    data: ReportRequest,
    certs_address: u64,
    certs_len: u32,
}

/// `struct snp_report_resp`.
#[repr(C)]
struct ReportResponse {
    data: [u8; 4000],
}

/// `struct snp_guest_request_ioctl`.
#[repr(C)]
struct GuestRequest {
    msg_version: u8,
    req_data: u64,
    resp_data: u64,
    exitinfo2: u64,
}

const GET_REPORT: Opcode = opcode::read_write::<GuestRequest>(b'S', 0);
const GET_EXTENDED_REPORT: Opcode = opcode::read_write::<GuestRequest>(b'S', 2);

/// What the firmware and the host returned.
pub(crate) struct ExtendedReport {
    pub(crate) report: Vec<u8>,
    pub(crate) certificates: Vec<u8>,
}

/// What the kernel said, and the code that came with it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) hypervisor: u32,
    pub(crate) firmware: u32,
    pub(crate) error: io::Error,
}

impl Failure {
    pub(crate) const fn certificates_do_not_fit(&self) -> bool {
        self.hypervisor == INVALID_LENGTH
    }

    fn new(exitinfo2: u64, error: io::Error) -> Self {
        let [a, b, c, d, e, f, g, h] = exitinfo2.to_le_bytes();
        Self {
            hypervisor: u32::from_le_bytes([e, f, g, h]),
            firmware: u32::from_le_bytes([a, b, c, d]),
            error,
        }
    }
}

/// A report without certificates.
pub(crate) fn report(
    device: &File,
    report_data: &ReportData,
    vmpl: u32,
) -> Result<Vec<u8>, Failure> {
    let mut request = ReportRequest::new(report_data, vmpl);
    let mut response = ReportResponse { data: [0; 4000] };
    let mut guest_request = GuestRequest::new(address(&mut request), address(&mut response));
    // SAFETY: the opcode is that of `struct snp_guest_request_ioctl`, whose layout `GuestRequest`
    // has. The kernel reads a `struct snp_report_req` and writes a `struct snp_report_resp` through
    // the two addresses, which point at live values of these layouts.
    let outcome = unsafe {
        rustix::ioctl::ioctl(device, Updater::<GET_REPORT, GuestRequest>::new(&mut guest_request))
    };
    outcome.map_err(|error| Failure::new(guest_request.exitinfo2, error.into()))?;
    response.report()
}

/// A report with the host's certificate table.
pub(crate) fn extended_report(
    device: &File,
    report_data: &ReportData,
    vmpl: u32,
) -> Result<ExtendedReport, Failure> {
    let mut certificates = vec![0_u8; CERTIFICATE_TABLE_BYTES_MAX];
    let mut request = ExtendedReportRequest {
        data: ReportRequest::new(report_data, vmpl),
        certs_address: address_of_slice(&mut certificates),
        certs_len: u32::try_from(certificates.len()).unwrap_or(u32::MAX),
    };
    let mut response = ReportResponse { data: [0; 4000] };
    let mut guest_request = GuestRequest::new(address(&mut request), address(&mut response));
    // SAFETY: as in `report`, with a `struct snp_ext_report_req`. Through the address inside it the
    // kernel writes at most `certs_len` bytes, which is the length of the live buffer there.
    let outcome = unsafe {
        rustix::ioctl::ioctl(
            device,
            Updater::<GET_EXTENDED_REPORT, GuestRequest>::new(&mut guest_request),
        )
    };
    outcome.map_err(|error| Failure::new(guest_request.exitinfo2, error.into()))?;
    Ok(ExtendedReport { report: response.report()?, certificates: trimmed(certificates) })
}

/// Without what fills the buffer behind the last certificate. As a certificate may end in zeroes,
/// the end is where the table says; what the table says wrongly, the parser of the table refuses.
///
/// SPEC: GHCB 2.03 section 4.1.8.1: entries of GUID, offset and length, ended by a GUID of zero.
fn trimmed(mut buffer: Vec<u8>) -> Vec<u8> {
    let end = |entry: &[u8]| {
        let mut reader = Reader::new(entry);
        let named = reader.take(16)?.iter().any(|byte| *byte != 0);
        let end = reader.u32()?.saturating_add(reader.u32()?);
        named.then_some(usize::try_from(end).unwrap_or(usize::MAX))
    };
    let used = buffer.chunks_exact(TABLE_ENTRY_LEN).map_while(end).max().unwrap_or(0);
    buffer.truncate(used);
    buffer
}

fn address<T>(value: &mut T) -> u64 {
    pointer_bits(core::ptr::from_mut(value).expose_provenance())
}

fn address_of_slice(bytes: &mut [u8]) -> u64 {
    pointer_bits(bytes.as_mut_ptr().expose_provenance())
}

fn pointer_bits(address: usize) -> u64 {
    u64::try_from(address).unwrap_or(u64::MAX)
}

impl ReportRequest {
    const fn new(report_data: &ReportData, vmpl: u32) -> Self {
        Self { user_data: *report_data.as_bytes(), vmpl, reserved: [0; 28] }
    }
}

impl GuestRequest {
    const fn new(req_data: u64, resp_data: u64) -> Self {
        Self { msg_version: MESSAGE_VERSION, req_data, resp_data, exitinfo2: 0 }
    }
}

impl ReportResponse {
    /// The report inside the response, if the firmware says that there is one of the right size.
    fn report(&self) -> Result<Vec<u8>, Failure> {
        let word = |at: usize| {
            let bytes = self.data.get(at..)?.first_chunk::<4>()?;
            Some(u32::from_le_bytes(*bytes))
        };
        let (status, size) = (word(0).unwrap_or(u32::MAX), word(4).unwrap_or(0));
        let end = RESPONSE_HEADER_LEN.saturating_add(REPORT_LEN);
        match self.data.get(RESPONSE_HEADER_LEN..end) {
            Some(report) if status == 0 && usize::try_from(size) == Ok(REPORT_LEN) => {
                Ok(report.to_vec())
            }
            _ => Err(Failure {
                hypervisor: 0,
                firmware: status,
                error: io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("the firmware's status is {status:#x} and its report has {size} bytes"),
                ),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::mem::size_of;

    use cloister_attestation::bytes::ReportData;

    use super::{
        ExtendedReportRequest, Failure, GuestRequest, ReportRequest, ReportResponse, trimmed,
    };

    #[test]
    fn structures_have_the_sizes_of_the_kernel_header() {
        assert_eq!(size_of::<ReportRequest>(), 96);
        assert_eq!(size_of::<ExtendedReportRequest>(), 112);
        assert_eq!(size_of::<ReportResponse>(), 4000);
        assert_eq!(size_of::<GuestRequest>(), 32);
    }

    #[test]
    fn responses_need_status_zero_and_the_exact_size() {
        let response = |status: u8, size: u16| {
            let mut data = [7; 4000];
            data[..4].copy_from_slice(&u32::from(status).to_le_bytes());
            data[4..8].copy_from_slice(&u32::from(size).to_le_bytes());
            ReportResponse { data }
        };
        assert_eq!(response(0, 1184).report().unwrap(), [7; 1184]);
        assert_eq!(response(0x16, 1184).report().unwrap_err().firmware, 0x16);
        for size in [0, 1183, 1185, u16::MAX] {
            assert!(response(0, size).report().is_err(), "{size}");
        }
    }

    #[test]
    fn the_code_splits_into_hypervisor_and_firmware() {
        let failure = Failure::new(0x0000_0001_0000_0016, std::io::Error::from_raw_os_error(5));
        assert_eq!((failure.hypervisor, failure.firmware), (1, 0x16));
        assert!(failure.certificates_do_not_fit());
    }

    #[test]
    fn a_file_that_is_no_such_device_is_an_error_and_nothing_worse() {
        let file = File::open("/dev/null").unwrap();
        let zero = ReportData::new([0; 64]);
        assert!(super::report(&file, &zero, 0).is_err());
        assert!(super::extended_report(&file, &zero, 0).is_err());
    }

    #[test]
    fn tables_lose_the_fill_and_keep_zeroes_of_a_certificate() {
        let entry = |guid: u8, offset: u32, length: u32| {
            [[guid; 16].as_slice(), &offset.to_le_bytes(), &length.to_le_bytes()].concat()
        };
        let table = [entry(1, 48, 3), entry(0, 0, 0), vec![7, 0, 0]].concat();
        let filled = [table.clone(), vec![0; 100]].concat();
        assert_eq!(trimmed(filled), table);
        assert!(trimmed(vec![0; 96]).is_empty());
        let beyond = [entry(1, u32::MAX, u32::MAX), entry(0, 0, 0)].concat();
        assert_eq!(trimmed(beyond.clone()), beyond);
    }
}
