//! SEV-SNP through `/dev/sev-guest`, for kernels without configfs-tsm.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use cloister_attestation::bytes::ReportData;

use crate::error::AttesterError;
use crate::ioctl::{self, Failure};

/// The level that the guest kernel itself runs at, without an SVSM beneath it.
const VMPL_DEFAULT: u8 = 0;

/// The opened device.
#[derive(Debug)]
pub(crate) struct SevGuest {
    file: File,
    path: PathBuf,
    privilege_level: u8,
}

impl SevGuest {
    pub(crate) fn open(path: &Path, privilege_level: Option<u8>) -> Result<Self, AttesterError> {
        let permission = |source| AttesterError::Permission { path: path.to_owned(), source };
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(permission)?;
        let privilege_level = privilege_level.unwrap_or(VMPL_DEFAULT);
        Ok(Self { file, path: path.to_owned(), privilege_level })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The report, and the host's certificate table where it fits.
    pub(crate) fn collect(
        &self,
        report_data: &ReportData,
    ) -> Result<(Vec<u8>, Option<Vec<u8>>), AttesterError> {
        match ioctl::extended_report(&self.file, report_data, self.privilege_level.into()) {
            Ok(answer) => Ok((answer.report, Some(answer.certificates))),
            // The certificates are a convenience; a host that offers more than the kernel can take
            // does not keep us from the report.
            Err(failure) if failure.certificates_do_not_fit() => {
                let report = ioctl::report(&self.file, report_data, self.privilege_level.into());
                report.map(|report| (report, None)).map_err(firmware)
            }
            Err(failure) => Err(firmware(failure)),
        }
    }
}

fn firmware(failure: Failure) -> AttesterError {
    AttesterError::SnpFirmware {
        hypervisor: failure.hypervisor,
        firmware: failure.firmware,
        source: failure.error,
    }
}
