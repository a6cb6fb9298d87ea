//! Reading the value forms of Intel's JSON documents.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::time::UnixTime;

/// `YYYY-MM-DDTHH:MM:SSZ` and no other form.
pub(super) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UnixTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    UnixTime::parse_rfc3339(&text)
        .ok_or_else(|| D::Error::custom(format!("`{text}` is not a time in UTC")))
}

/// Hex of exactly `N` bytes, in either case.
pub(super) fn bytes<'de, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
) -> Result<[u8; N], D::Error> {
    let text = String::deserialize(deserializer)?;
    let mut out = [0; N];
    hex::decode_to_slice(&text, &mut out)
        .map_err(|e| D::Error::custom(format!("`{text}` is not hex of {N} bytes: {e}")))?;
    Ok(out)
}
