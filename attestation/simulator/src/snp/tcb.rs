//! The firmware versions that AMD calls a TCB.

use cloister_attestation::snp::Product;

/// Security patch levels, component by component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcb {
    /// FMC; only Turin has one.
    pub fmc: u8,
    /// Boot loader.
    pub boot_loader: u8,
    /// TEE, that is the PSP operating system.
    pub tee: u8,
    /// SNP firmware.
    pub snp: u8,
    /// Microcode.
    pub microcode: u8,
}

impl Tcb {
    /// What recent machines of this product report.
    #[must_use]
    pub const fn current(product: Product) -> Self {
        match product {
            Product::Milan => Self { fmc: 0, boot_loader: 4, tee: 0, snp: 24, microcode: 219 },
            Product::Genoa => Self { fmc: 0, boot_loader: 10, tee: 0, snp: 25, microcode: 84 },
            Product::Turin => Self { fmc: 1, boot_loader: 1, tee: 1, snp: 4, microcode: 81 },
        }
    }

    /// The 64-bit field of the report, as bytes.
    ///
    /// SPEC: AMD 56860 section 2.2, Table 3 (Milan, Genoa) and Table 4 (Turin).
    #[must_use]
    pub const fn encode(&self, product: Product) -> [u8; 8] {
        let Self { fmc, boot_loader, tee, snp, microcode } = *self;
        match product {
            Product::Milan | Product::Genoa => [boot_loader, tee, 0, 0, 0, 0, snp, microcode],
            Product::Turin => [fmc, boot_loader, tee, snp, 0, 0, 0, microcode],
        }
    }
}
