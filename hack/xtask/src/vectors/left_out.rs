//! Which cases are judged, and why the others are not. A case that is neither is an error.

use super::case::Case;

/// Folders whose cases are judged.
const JUDGED: [&str; 6] = ["snp", "tdx", "az-snp", "az-tdx", "tpm", "eventlog"];

/// Why a case is not judged; `None` where it is.
///
/// # Errors
/// What is unknown about the case.
pub(super) fn why(case: &Case) -> Result<Option<&'static str>, String> {
    match case.tee.as_str() {
        "formats" => Ok(Some("no command reads it; the library's tests do")),
        "gpu" => Ok(Some("this version verifies no Evidence of GPUs")),
        "measurement" => Ok(Some("this version computes no launch digests from firmware")),
        tee if JUDGED.contains(&tee) => Ok(None),
        tee => Err(format!("no rule says how cases of `{tee}` are judged")),
    }
}
