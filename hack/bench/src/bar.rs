//! The bars: what is measured, in which unit, and how much it may be.

use anyhow::Result;
use serde::Serialize;

use crate::timing::Measured;
use crate::{appraise, snp, tdx};

/// One thing that is measured and what it may cost.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) name: &'static str,
    /// The bar holds up to and including this.
    pub(crate) limit: f64,
    pub(crate) unit: Unit,
    pub(crate) measure: fn() -> Result<Measured>,
}

/// What a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unit {
    /// Times the reference.
    Ratio,
    /// Microseconds.
    Us,
}

/// All of them, in the order in which they are measured.
pub(crate) const BARS: [Bar; 6] = [
    // One report against a chain verified before, over one bare P-384 verification.
    Bar { name: "snp.verify.warm", limit: 1.25, unit: Unit::Ratio, measure: snp::warm },
    // With chain and CRL, over its five signatures bare.
    Bar { name: "snp.verify.cold", limit: 1.3, unit: Unit::Ratio, measure: snp::cold },
    // One quote against collateral and platform verified before, over its two signatures bare.
    Bar { name: "tdx.verify.warm", limit: 1.5, unit: Unit::Ratio, measure: tdx::warm },
    // From the bytes of quote and collateral, over the `dcap-qvl` crate from the same bytes.
    Bar { name: "tdx.verify.cold", limit: 1.0, unit: Unit::Ratio, measure: tdx::cold },
    // As `snp.verify.warm`, over the `sev` crate with a chain that it parsed before.
    Bar { name: "sev-crate", limit: 0.1, unit: Unit::Ratio, measure: snp::sev_crate },
    // Against 1,000 Reference tuples under a policy that demands something of every field.
    Bar { name: "appraise", limit: 20.0, unit: Unit::Us, measure: appraise::measure },
];

#[cfg(test)]
mod tests {
    use super::{BARS, Unit};

    #[test]
    fn names_limits_and_units_are_the_agreed_ones() {
        let bars = BARS.map(|bar| (bar.name, bar.limit, bar.unit));
        let agreed = [
            ("snp.verify.warm", 1.25, Unit::Ratio),
            ("snp.verify.cold", 1.3, Unit::Ratio),
            ("tdx.verify.warm", 1.5, Unit::Ratio),
            ("tdx.verify.cold", 1.0, Unit::Ratio),
            ("sev-crate", 0.1, Unit::Ratio),
            ("appraise", 20.0, Unit::Us),
        ];
        assert_eq!(bars, agreed);
    }
}
