//! AMD's minimums, as data: from when on which product needs which TCB, and which bulletin says so.

use serde::{Deserialize, Serialize};

use crate::snp::{Product, Tcb};
use crate::time::{UnixTime, rfc3339};

/// A list of minimums, in any order.
///
/// As TOML:
/// ```toml
/// [[minimum]]
/// product = "milan"
/// effective = "2026-09-01T00:00:00Z"
/// bulletin = "AMD-SB-3020"
/// tcb = { boot_loader = 4, tee = 0, snp = 27, microcode = 222 }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minimums {
    /// The minimums.
    #[serde(default)]
    pub minimum: Vec<Minimum>,
}

/// What a bulletin demands of one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minimum {
    /// The processor generation.
    pub product: Product,
    /// From when on it is demanded (UTC, RFC 3339).
    #[serde(deserialize_with = "rfc3339")]
    pub effective: UnixTime,
    /// The bulletin.
    pub bulletin: String,
    /// The least security version numbers; `fmc` on Turin and on no other.
    pub tcb: Tcb,
}

impl Minimums {
    /// The minimum that cannot be compared with its product's TCB, if there is one: with an `fmc`
    /// that the product does not have, or without the one that it has.
    #[must_use]
    pub fn misfit(&self) -> Option<&Minimum> {
        let has_fmc = |product| product == Product::Turin;
        self.minimum.iter().find(|least| least.tcb.fmc.is_some() != has_fmc(least.product))
    }
}
