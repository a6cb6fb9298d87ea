//! Which key signed a report.

use core::fmt;

use serde::{Deserialize, Serialize};

/// `SIGNING_KEY`.
///
/// SPEC: AMD 56860 table 23, flags at 48h, bits 4:2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SigningKey {
    /// The chip's own key.
    Vcek,
    /// A key that AMD gave a cloud provider for all its chips.
    Vlek,
    /// None: the signature field is zero.
    None,
}

impl SigningKey {
    /// From the three bits; `None` for a reserved value.
    pub(super) const fn from_bits(bits: u32) -> Option<Self> {
        match bits {
            0 => Some(Self::Vcek),
            1 => Some(Self::Vlek),
            7 => Some(Self::None),
            _ => None,
        }
    }
}

impl fmt::Display for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vcek => "VCEK",
            Self::Vlek => "VLEK",
            Self::None => "none",
        })
    }
}
