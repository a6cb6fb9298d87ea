//! What a security processor measures of a virtual machine while it is launched.
//!
//! Computed here from the very bytes that the machine is given, page by page, as the hardware is
//! told them by a VMM. Nothing is shared with what predicts measurements for Reference Values, so
//! that the two can be compared.

mod authenticode;
mod firmware;
mod snp;
mod tdx;
mod vmsa;

use core::fmt;

pub use authenticode::authenticode;
pub use snp::Processors;
pub use tdx::software_rtmr0;

/// What a virtual machine starts from.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// The virtual firmware, which ends below 4 GiB.
    pub firmware: &'a [u8],
    /// The kernel's image.
    pub kernel: &'a [u8],
    /// The initial RAM disk.
    pub initrd: &'a [u8],
    /// The kernel's command line.
    pub cmdline: &'a str,
}

/// A virtual machine of this kind cannot be launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unlaunchable(&'static str);

impl fmt::Display for Unlaunchable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for Unlaunchable {}

/// Bytes of a page.
const PAGE: usize = 4096;

/// Where virtual firmware ends.
const FOUR_GIB: u64 = 1 << 32;

/// A length or an offset as an address.
fn address(value: usize) -> u64 {
    u64::try_from(value).expect("addresses have 64 bits")
}
