//! Which platform is this, and what is missing on it?
//!
//! ```text
//!  files of /sys, /proc, /dev --Signs::read--> Signs --findings--> Checks
//! ```
//! Everything that is read here is what the host wrote into the guest's tables, or what the kernel
//! made of it. It is a hint for a person who looks for what to mend, and proves nothing: whatever
//! decides over trust reads what the hardware signed.

pub(crate) mod codes;
mod finding;
mod image;
mod signs;

use core::fmt;
use std::path::Path;

use cloister_attestation::check::Check;
use finding::findings;
use signs::Signs;

/// The chassis asset tag of every virtual machine of Azure.
///
/// SPEC: cloud-init, data source Azure; Hyper-V machines elsewhere have another.
const AZURE_ASSET_TAG: &str = "7783-7084-3265-9085-8269-3286-77";

/// What can be said of this machine: the first finding names the platform.
pub(crate) fn look() -> Vec<Check> {
    findings(&Signs::read(Path::new("/")))
}

/// Where this runs, as the machine describes itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    Aws,
    Azure,
    Gcp,
    /// QEMU, which is what bare metal of one's own runs guests with.
    Qemu,
    /// A hypervisor that none of the above is known by.
    OtherVm,
    /// No hypervisor shows itself.
    NoVm,
}

/// A TEE that the kernel shows signs of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Snp,
    Tdx,
}

impl Platform {
    /// The platform that these signs are of.
    pub(crate) fn of(signs: &Signs) -> Self {
        if !signs.has_flag("hypervisor") && Shown::by(signs).is_none() {
            return Self::NoVm;
        }
        match (signs.vendor.as_str(), signs.product.as_str()) {
            ("Amazon EC2", _) => Self::Aws,
            ("Google", _) | (_, "Google Compute Engine") => Self::Gcp,
            ("Microsoft Corporation", _) if signs.asset_tag == AZURE_ASSET_TAG => Self::Azure,
            ("QEMU", _) => Self::Qemu,
            _ => Self::OtherVm,
        }
    }
}

impl Shown {
    /// The TEE that these signs are of. On a kernel older than 6.11 without its driver, a SEV-SNP
    /// guest shows none, and neither does a guest behind a paravisor.
    pub(crate) fn by(signs: &Signs) -> Option<Self> {
        if signs.has_flag("tdx_guest") || signs.tdx_guest || signs.has_module("tdx_guest") {
            Some(Self::Tdx)
        } else if !signs.vmpl.is_empty() || signs.sev_guest || signs.has_module("sev_guest") {
            Some(Self::Snp)
        } else {
            None
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aws => "AWS EC2",
            Self::Azure => "Azure",
            Self::Gcp => "Google Compute Engine",
            Self::Qemu => "QEMU",
            Self::OtherVm => "a virtual machine of a kind not known here",
            Self::NoVm => "no virtual machine",
        })
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Snp => "SEV-SNP",
            Self::Tdx => "TDX",
        })
    }
}

#[cfg(test)]
mod tests;
