//! The firmware's event log, as the kernel shows it: of a TDX guest (CCEL) or of a TPM.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use cloister_attestation::limits::EVENT_LOG_BYTES_MAX;

use crate::error::AttesterError;

/// SPEC: ACPI 6.5 section 5.2.34; Linux shows the area that the table points at here.
pub(crate) const CCEL_DATA: &str = "/sys/firmware/acpi/tables/data/CCEL";

/// The log at `path`, or nothing where the firmware keeps none.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>, AttesterError> {
    let failed = |source| AttesterError::Tsm { action: "read", path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut log = Vec::new();
    let limit = u64::try_from(EVENT_LOG_BYTES_MAX).unwrap_or(u64::MAX);
    file.take(limit.saturating_add(1)).read_to_end(&mut log).map_err(failed)?;
    if log.len() > EVENT_LOG_BYTES_MAX {
        return Err(AttesterError::TooLong { what: "event log", max: EVENT_LOG_BYTES_MAX });
    }
    Ok(Some(log))
}

#[cfg(test)]
mod tests {
    use super::{EVENT_LOG_BYTES_MAX, read};

    #[test]
    fn a_firmware_without_a_log_is_no_error_and_a_log_without_end_is_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("CCEL");
        assert!(read(&path).unwrap().is_none());
        std::fs::write(&path, vec![1; EVENT_LOG_BYTES_MAX]).unwrap();
        assert_eq!(read(&path).unwrap().unwrap().len(), EVENT_LOG_BYTES_MAX);
        std::fs::write(&path, vec![1; EVENT_LOG_BYTES_MAX + 1]).unwrap();
        assert!(read(&path).is_err());
    }
}
