//! TCB versions: one security version number for each firmware component.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::product::Product;
use crate::bytes::hex::Hex;

/// `TCB_VERSION` as a report carries it. Which byte means what depends on the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TcbVersion([u8; 8]);

impl TcbVersion {
    /// From the eight bytes of the field, in the order of the report.
    #[must_use]
    pub const fn new(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The eight bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }

    /// The components, in the layout of `product`.
    ///
    /// SPEC: AMD 56860 section 2.2, TCB_VERSION; Turin puts FMC first.
    #[must_use]
    pub const fn components(self, product: Product) -> Tcb {
        let [b0, b1, b2, b3, _, _, b6, b7] = self.0;
        match product {
            Product::Milan | Product::Genoa => {
                Tcb { fmc: None, boot_loader: b0, tee: b1, snp: b6, microcode: b7 }
            }
            Product::Turin => {
                Tcb { fmc: Some(b0), boot_loader: b1, tee: b2, snp: b3, microcode: b7 }
            }
        }
    }

    /// Whether the bytes that `product` leaves unused are zero.
    #[must_use]
    pub const fn reserved_is_zero(self, product: Product) -> bool {
        let [_, _, b2, b3, b4, b5, b6, _] = self.0;
        match product {
            Product::Milan | Product::Genoa => matches!([b2, b3, b4, b5], [0, 0, 0, 0]),
            Product::Turin => matches!([b4, b5, b6], [0, 0, 0]),
        }
    }
}

impl fmt::Display for TcbVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

/// Security version numbers by component.
///
/// Not ordered: one TCB covers another only if every component does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tcb {
    /// `FMC`; Turin and later only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fmc: Option<u8>,
    /// `BOOT_LOADER`.
    pub boot_loader: u8,
    /// `TEE`: the secure processor's operating system.
    pub tee: u8,
    /// `SNP`: the SEV-SNP firmware.
    pub snp: u8,
    /// `MICROCODE`.
    pub microcode: u8,
}

impl Tcb {
    /// Whether no component is below `floor`'s. False where only one of the two has `fmc`: they
    /// are of different products and do not compare.
    #[must_use]
    pub fn covers(&self, floor: &Self) -> bool {
        let fmc = match (self.fmc, floor.fmc) {
            (None, None) => true,
            (Some(own), Some(least)) => own >= least,
            (None, Some(_)) | (Some(_), None) => false,
        };
        fmc && self.boot_loader >= floor.boot_loader
            && self.tee >= floor.tee
            && self.snp >= floor.snp
            && self.microcode >= floor.microcode
    }

    /// The same without the microcode, which the operating system loads.
    #[must_use]
    pub(super) const fn without_microcode(self) -> Self {
        Self { microcode: 0, ..self }
    }
}

impl fmt::Display for Tcb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(fmc) = self.fmc {
            write!(f, "fmc {fmc} ")?;
        }
        let Self { boot_loader, tee, snp, microcode, .. } = self;
        write!(f, "boot_loader {boot_loader} tee {tee} snp {snp} microcode {microcode}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Tcb, TcbVersion};
    use crate::snp::Product;

    const RAW: TcbVersion = TcbVersion::new([1, 2, 3, 4, 5, 6, 7, 8]);

    #[test]
    fn components_lie_where_the_product_puts_them() {
        let milan = Tcb { fmc: None, boot_loader: 1, tee: 2, snp: 7, microcode: 8 };
        assert_eq!(RAW.components(Product::Milan), milan);
        assert_eq!(RAW.components(Product::Genoa), milan);
        let turin = Tcb { fmc: Some(1), boot_loader: 2, tee: 3, snp: 4, microcode: 8 };
        assert_eq!(RAW.components(Product::Turin), turin);
    }

    #[test]
    fn every_byte_is_a_component_or_reserved() {
        for product in Product::ALL {
            for at in 0..8 {
                let mut bytes = [0; 8];
                bytes[at] = 1;
                let tcb = TcbVersion::new(bytes);
                let zero = TcbVersion::new([0; 8]).components(product);
                let is_component = tcb.components(product) != zero;
                assert_eq!(is_component, tcb.reserved_is_zero(product), "{product} byte {at}");
            }
        }
    }

    #[test]
    fn one_lower_component_is_enough_not_to_cover() {
        let floor = TcbVersion::new([5; 8]).components(Product::Turin);
        assert!(floor.covers(&floor));
        for at in [0, 1, 2, 3, 7] {
            let mut bytes = [9; 8];
            bytes[at] = 4;
            assert!(!TcbVersion::new(bytes).components(Product::Turin).covers(&floor), "byte {at}");
        }
    }

    #[test]
    fn tcbs_of_different_products_do_not_cover_each_other() {
        let milan = TcbVersion::new([9; 8]).components(Product::Milan);
        let turin = TcbVersion::new([0; 8]).components(Product::Turin);
        assert!(!milan.covers(&turin));
        assert!(!TcbVersion::new([9; 8]).components(Product::Turin).covers(&milan));
    }
}
