//! Who launches: VMMs start processors differently, and add pages in another order.

use core::fmt;

use serde::Deserialize;

use super::page::PageKind;

/// A virtual machine monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Vmm {
    /// QEMU with KVM.
    Qemu,
    /// Amazon EC2 on hosts whose KVM resets `RDX` to 0x600.
    Ec2,
    /// Amazon EC2 on hosts whose KVM leaves `RDX` at zero.
    Ec2RdxZero,
    /// Google Compute Engine.
    Gce,
}

impl Vmm {
    /// Whether the CPUID page is added after everything else.
    pub(super) const fn adds_cpuid_last(self) -> bool {
        matches!(self, Self::Ec2 | Self::Ec2RdxZero)
    }

    /// How the firmware's first memory is added.
    pub(super) const fn sec_memory(self) -> PageKind {
        match self {
            Self::Qemu | Self::Ec2 | Self::Ec2RdxZero => PageKind::Zero,
            Self::Gce => PageKind::Unmeasured,
        }
    }
}

impl fmt::Display for Vmm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Qemu => "qemu",
            Self::Ec2 => "ec2",
            Self::Ec2RdxZero => "ec2-rdx-zero",
            Self::Gce => "gce",
        })
    }
}
