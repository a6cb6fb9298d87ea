//! Which cases are judged, and why the others are not. A case that is neither is an error.

use super::case::Case;

/// TEEs and formats whose cases are judged.
const JUDGED: [&str; 7] = ["snp", "tdx", "az-snp", "az-tdx", "tpm", "eventlog", "formats"];

/// Why a case is not judged; `None` where it is.
///
/// # Errors
/// What is unknown about the case.
pub(super) fn why(case: &Case) -> Result<Option<&'static str>, String> {
    match (case.tee.as_str(), case.name.as_str()) {
        ("formats", name) if name.starts_with("cmw-") => Ok(Some(
            "the one CMW that is read is the Evidence envelope; others are refused as no envelope",
        )),
        ("gpu", _) => Ok(Some("this version verifies no Evidence of GPUs")),
        ("measurement", _) => Ok(Some("this version computes no launch digests from firmware")),
        (tee, _) if JUDGED.contains(&tee) => Ok(None),
        (tee, _) => Err(format!("no rule says how cases of `{tee}` are judged")),
    }
}
