//! The guest policy: what the guest's owner allowed at launch.

use core::fmt;

/// `POLICY`.
///
/// The measurement covers it only where an ID block was used, so a policy has to demand what it
/// needs of these bits.
///
/// SPEC: AMD 56860 table 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GuestPolicy(u64);

impl GuestPolicy {
    /// Bit 17, reserved, must be one.
    pub(super) const MUST_BE_ONE: u64 = 1 << 17;
    /// Bits 63:26, reserved, must be zero.
    pub(super) const MUST_BE_ZERO: u64 = !0x03ff_ffff;

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

    /// `ABI_MAJOR`, then `ABI_MINOR`: the oldest firmware ABI that may run this guest.
    #[must_use]
    pub const fn abi(self) -> (u8, u8) {
        let [minor, major, ..] = self.0.to_le_bytes();
        (major, minor)
    }

    /// `SMT`: simultaneous multithreading is allowed.
    #[must_use]
    pub const fn smt(self) -> bool {
        self.bit(16)
    }

    /// `MIGRATE_MA`: a migration agent may be associated.
    #[must_use]
    pub const fn migrate_ma(self) -> bool {
        self.bit(18)
    }

    /// `DEBUG`: the host may read and write guest memory.
    #[must_use]
    pub const fn debug(self) -> bool {
        self.bit(19)
    }

    /// `SINGLE_SOCKET`: the guest may be activated on one socket only.
    #[must_use]
    pub const fn single_socket(self) -> bool {
        self.bit(20)
    }

    /// `CXL_ALLOW`: CXL devices or memory may be populated.
    #[must_use]
    pub const fn cxl_allow(self) -> bool {
        self.bit(21)
    }

    /// `MEM_AES_256_XTS`: memory has to be encrypted with AES-256-XTS.
    #[must_use]
    pub const fn mem_aes_256_xts(self) -> bool {
        self.bit(22)
    }

    /// `RAPL_DIS`: power measurement has to be disabled.
    #[must_use]
    pub const fn rapl_dis(self) -> bool {
        self.bit(23)
    }

    /// `CIPHERTEXT_HIDING_DRAM`: ciphertext hiding has to be enabled.
    #[must_use]
    pub const fn ciphertext_hiding_dram(self) -> bool {
        self.bit(24)
    }

    /// `PAGE_SWAP_DISABLE`: the host's page move, swap and relocation commands are disabled.
    #[must_use]
    pub const fn page_swap_disable(self) -> bool {
        self.bit(25)
    }

    const fn bit(self, index: u32) -> bool {
        self.0 & (1 << index) != 0
    }
}

impl fmt::Display for GuestPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}
