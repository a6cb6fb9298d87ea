//! AMD's minimums, as data: from when on which product needs which TCB, and which bulletin says so.

use serde::{Deserialize, Serialize};

use crate::code::{Code, Diagnostic};
use crate::limits::POLICY_BYTES_MAX;
use crate::snp::{Product, Tcb};
use crate::time::{UnixTime, rfc3339};

crate::codes! {
    /// A document of minimums does not read.
    MINIMUMS = "forecast.minimums", Caller, "",
        "Correct the document at the place that the message names.",
        "AMD's minimums are a TOML document: `[[minimum]]` with product, effective (UTC), bulletin and tcb, whose components are boot_loader, tee, snp and microcode, and fmc on Turin. Unknown keys are refused.";
}

/// A document of minimums was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MinimumsError {
    /// It is not TOML, or a key is missing, unknown, or of another form.
    #[error("{0}")]
    Malformed(String),
    /// A TCB that cannot be compared with its product's.
    #[error(
        "{bulletin} has a TCB that {product} does not have: `fmc` belongs to Turin and to it alone"
    )]
    Misfit {
        /// The bulletin.
        bulletin: String,
        /// The product.
        product: Product,
    },
}

impl Diagnostic for MinimumsError {
    fn code(&self) -> &'static Code {
        &MINIMUMS
    }
}

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
    /// Reads a document.
    ///
    /// # Errors
    /// [`MinimumsError`] with the line, or with the bulletin whose TCB has an `fmc` that its
    /// product does not have, or lacks the one that it has.
    pub fn from_toml(text: &str) -> Result<Self, MinimumsError> {
        if text.len() > POLICY_BYTES_MAX {
            return Err(MinimumsError::Malformed("longer than 1 MiB".to_owned()));
        }
        let minimums: Self =
            toml::from_str(text).map_err(|error| MinimumsError::Malformed(error.to_string()))?;
        match minimums.minimum.iter().find(|least| least.is_misfit()) {
            Some(Minimum { bulletin, product, .. }) => {
                Err(MinimumsError::Misfit { bulletin: bulletin.clone(), product: *product })
            }
            None => Ok(minimums),
        }
    }
}

impl Minimum {
    fn is_misfit(&self) -> bool {
        self.tcb.fmc.is_some() != (self.product == Product::Turin)
    }
}
