//! The paravisor's report, read whole.

use std::io;
use std::thread;

use cloister_attestation::azure::{HclReport, ParseError};
use cloister_attestation::limits::HCL_REPORT_BYTES_MAX;

use crate::error::AttesterError;
use crate::limits::{ATTEMPTS_MAX, BACKOFF};
use crate::tpm::{Connect, Tpm, TpmError, Transport};

/// Where the paravisor leaves its report.
const NV_INDEX: u32 = 0x0140_0001;

/// What there is where a virtual TPM would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A paravisor's report is there, whatever it says.
    Report,
    /// In words, what is there instead.
    Other(String),
}

/// Looks whether the TPM holds a paravisor's report, without reading it.
pub(crate) fn look(tpm: &dyn Connect) -> Found {
    let connection = match tpm.connect() {
        Ok(connection) => connection,
        Err(error) if crate::machine::absent(&error) => return Found::Other("absent".to_owned()),
        Err(error) => return Found::Other(error.to_string()),
    };
    match Tpm::new(connection).nv_read_public(NV_INDEX) {
        Ok(_) => Found::Report,
        Err(error) if error.is_absence() => Found::Other(no_report()),
        Err(error) => Found::Other(error.to_string()),
    }
}

fn no_report() -> String {
    format!("a TPM without a paravisor's report at {NV_INDEX:#010x}, which is no TEE")
}

/// A connection; a TPM that is not there is what was asked for and cannot be had.
pub(super) fn connected(tpm: &dyn Connect) -> Result<Box<dyn Transport>, AttesterError> {
    tpm.connect().map_err(|source| {
        let wanted = "a paravisor's virtual TPM".to_owned();
        if crate::machine::absent(&source) {
            return AttesterError::Unavailable { wanted, found: format!("{tpm} does not exist") };
        }
        if source.kind() == io::ErrorKind::PermissionDenied {
            return AttesterError::Permission { path: tpm.to_string().into(), source };
        }
        AttesterError::Tpm(TpmError::Transport { command: "opening the TPM", source })
    })
}

/// Attempts until the pieces are those of one report: the paravisor may renew it while it is read.
pub(super) fn read(tpm: &dyn Connect) -> Result<HclReport, AttesterError> {
    let mut attempt = 1;
    loop {
        let bytes = bytes(tpm)?;
        let refusal = match HclReport::parse(&bytes) {
            Ok(report) if report.binds_runtime_data(report.report_data()) => return Ok(report),
            Ok(_) => AttesterError::TornReport { attempts: attempt },
            Err(ParseError::ReportType { observed }) => {
                let found = format!("a paravisor's report without hardware: type {observed}");
                return Err(AttesterError::NotATee { found });
            }
            Err(source) => AttesterError::UnreadableReport { source },
        };
        if attempt >= ATTEMPTS_MAX {
            return Err(refusal);
        }
        tracing::warn!(attempt, %refusal, "reading the paravisor's report again");
        thread::sleep(BACKOFF.saturating_mul(1 << attempt.min(8)));
        attempt = attempt.saturating_add(1);
    }
}

fn bytes(tpm: &dyn Connect) -> Result<Vec<u8>, AttesterError> {
    let read = Tpm::new(connected(tpm)?).nv_read(NV_INDEX, HCL_REPORT_BYTES_MAX);
    read.map_err(|error| {
        if error.is_absence() {
            AttesterError::NotATee { found: no_report() }
        } else {
            AttesterError::Tpm(error)
        }
    })
}
