//! Measurement registers and their values.

use core::fmt;
use std::collections::BTreeMap;

use crate::bytes::Digest48;
use crate::event_log::algorithm::{HashAlgorithm, TaggedDigest};

/// One measurement register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Register {
    /// A TD's runtime measurement register, 0 to 3.
    Rtmr(u8),
    /// A TPM's platform configuration register, 0 to 23.
    Pcr(u8),
}

impl Register {
    /// Whether firmware always extends it, so that a log without events for it explains nothing.
    // SPEC: UEFI 2.10 section 38.4.1, table "TDX CC measurement registers" (RTMR0 to RTMR2);
    // TCG PC Client Platform Firmware Profile 1.06, section 3.3.4 (PCR 0 to 7).
    #[must_use]
    pub const fn is_extended_by_firmware(self) -> bool {
        match self {
            Self::Rtmr(index) => index <= 2,
            Self::Pcr(index) => index <= 7,
        }
    }

    /// Whether any software in the guest can set it back to zero, so that its value proves
    /// nothing about what was measured since the start.
    // SPEC: TCG PC Client Platform TPM Profile 1.06, section 4.6.2 "PCR Attributes".
    #[must_use]
    pub const fn is_resettable(self) -> bool {
        matches!(self, Self::Pcr(16 | 23))
    }
}

impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rtmr(index) => write!(f, "RTMR{index}"),
            Self::Pcr(index) => write!(f, "PCR{index}"),
        }
    }
}

/// Values of registers, all of one bank. Computed or received: nothing here is authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registers {
    bank: HashAlgorithm,
    values: BTreeMap<Register, TaggedDigest>,
}

impl Registers {
    /// No values yet.
    #[must_use]
    pub const fn new(bank: HashAlgorithm) -> Self {
        Self { bank, values: BTreeMap::new() }
    }

    /// `RTMR0` to `RTMR3`.
    #[must_use]
    pub fn from_rtmrs(values: &[Digest48; 4]) -> Self {
        let mut registers = Self::new(HashAlgorithm::Sha384);
        for (index, value) in (0..).zip(values) {
            registers.set(Register::Rtmr(index), value.as_ref());
        }
        registers
    }

    /// Sets one value; `false`, and nothing is set, if the bank's digests have another length.
    pub fn set(&mut self, register: Register, value: &[u8]) -> bool {
        let value = TaggedDigest::new(self.bank, value);
        value.is_some_and(|value| {
            self.values.insert(register, value);
            true
        })
    }

    /// The bank.
    #[must_use]
    pub const fn bank(&self) -> HashAlgorithm {
        self.bank
    }

    /// One value.
    #[must_use]
    pub fn value(&self, register: Register) -> Option<&TaggedDigest> {
        self.values.get(&register)
    }

    /// All values, in order of register.
    pub fn iter(&self) -> impl Iterator<Item = (Register, &TaggedDigest)> {
        self.values.iter().map(|(register, value)| (*register, value))
    }
}

/// Registers that a verified quote vouches for. Made only from verified Evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedRegisters(Registers);

impl VerifiedRegisters {
    /// The caller has verified the signature over `registers`.
    pub(crate) const fn new(registers: Registers) -> Self {
        Self(registers)
    }

    /// The values.
    #[must_use]
    pub const fn values(&self) -> &Registers {
        &self.0
    }
}
