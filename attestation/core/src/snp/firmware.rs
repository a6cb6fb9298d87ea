//! Small values that a report carries about its processor and firmware.

use core::fmt;

use serde::{Deserialize, Serialize};

/// CPUID identification, signed in reports of version 3 and later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cpuid {
    /// `CPUID_FAM_ID`: combined extended and base family.
    pub family: u8,
    /// `CPUID_MOD_ID`: combined extended and base model.
    pub model: u8,
    /// `CPUID_STEP`.
    pub stepping: u8,
}

impl fmt::Display for Cpuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "family {:02x}h model {:02x}h stepping {}",
            self.family, self.model, self.stepping
        )
    }
}

/// Version of the SEV-SNP firmware: its ABI, then its build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirmwareVersion {
    /// `CURRENT_MAJOR` or `COMMITTED_MAJOR`.
    pub major: u8,
    /// `CURRENT_MINOR` or `COMMITTED_MINOR`.
    pub minor: u8,
    /// `CURRENT_BUILD` or `COMMITTED_BUILD`.
    pub build: u8,
}

impl fmt::Display for FirmwareVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} build {}", self.major, self.minor, self.build)
    }
}

/// `ABI_MAJOR` and `ABI_MINOR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AbiVersion {
    /// `ABI_MAJOR`.
    pub major: u8,
    /// `ABI_MINOR`.
    pub minor: u8,
}

impl fmt::Display for AbiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
