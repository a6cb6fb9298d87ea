//! What the platform was configured to do when it signed.

use core::fmt;

/// `PLATFORM_INFO`.
///
/// SPEC: AMD 56860 table 24. A firmware older than a bit leaves it zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PlatformInfo(u64);

impl PlatformInfo {
    /// Bits that the specification gives a meaning: 0 to 5 and 7.
    const KNOWN: u64 = 0xbf;

    /// From the little-endian field.
    #[must_use]
    pub const fn new(bits: u64) -> Self {
        Self(bits)
    }

    /// All bits.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// `SMT_EN`: simultaneous multithreading is enabled.
    #[must_use]
    pub const fn smt_en(self) -> bool {
        self.bit(0)
    }

    /// `TSME_EN`: transparent memory encryption is enabled.
    #[must_use]
    pub const fn tsme_en(self) -> bool {
        self.bit(1)
    }

    /// `ECC_EN`: memory has error correction.
    #[must_use]
    pub const fn ecc_en(self) -> bool {
        self.bit(2)
    }

    /// `RAPL_DIS`: power measurement is disabled.
    #[must_use]
    pub const fn rapl_dis(self) -> bool {
        self.bit(3)
    }

    /// `CIPHERTEXT_HIDING_DRAM_EN`: the host cannot read the guest's ciphertext.
    #[must_use]
    pub const fn ciphertext_hiding_dram_en(self) -> bool {
        self.bit(4)
    }

    /// `ALIAS_CHECK_COMPLETE`: no memory aliases were found since the last reset (AMD-SB-3015).
    #[must_use]
    pub const fn alias_check_complete(self) -> bool {
        self.bit(5)
    }

    /// `TIO_EN`: trusted IO is enabled.
    #[must_use]
    pub const fn tio_en(self) -> bool {
        self.bit(7)
    }

    /// Bits that this version gives no meaning. Real firmware sets bit 6.
    #[must_use]
    pub const fn unknown(self) -> u64 {
        self.0 & !Self::KNOWN
    }

    const fn bit(self, index: u32) -> bool {
        self.0 & (1 << index) != 0
    }
}

impl fmt::Display for PlatformInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}
