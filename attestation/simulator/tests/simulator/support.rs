//! What several topics need.

use std::path::PathBuf;

use cloister_attestation::anchor::Anchors;
use cloister_attestation::bytes::ReportData;
use cloister_attestation::code::Code;
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::VerifyError;
use cloister_simulator::Pki;

/// One seed for all tests, so that they share the RSA keys on disk.
pub(crate) const SEED: &str = "cloister tests";

pub(crate) const REPORT_DATA: ReportData = ReportData::new([0x5a; 64]);

pub(crate) fn issued() -> UnixTime {
    UnixTime::parse_rfc3339("2026-06-01T00:00:00Z").unwrap()
}

/// A day after everything was issued.
pub(crate) fn now() -> UnixTime {
    issued().plus(std::time::Duration::from_secs(24 * 60 * 60))
}

pub(crate) fn pki() -> Pki {
    Pki::from_seed(SEED, issued())
}

pub(crate) fn anchors() -> Anchors {
    pki().anchors()
}

/// The code that a verification was refused with.
pub(crate) fn refusal<T: core::fmt::Debug>(outcome: Result<T, VerifyError>) -> &'static Code {
    match outcome {
        Err(VerifyError::Refused { code, .. }) => code,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// The recorded vectors, or a line that says that they are not here.
pub(crate) fn vectors() -> Option<PathBuf> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors");
    let folder = std::env::var_os("CLOISTER_VECTORS").map_or_else(|| default.into(), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no recorded vectors at {} (set CLOISTER_VECTORS)", folder.display());
    None
}
