//! The registers of a TD: MRTD, and RTMR0 to RTMR2.
//!
//! ```text
//!  MRTD   what the TDX module adds before the TD runs: the firmware, as its metadata says
//!  RTMR0  the platform: TD HOB, variables, ACPI tables     rtmr0: of a pinned shape, or by replay
//!  RTMR1  what is started: kernel or UKI, partitions       Boot::rtmr1
//!  RTMR2  what the kernel is given: command line, initrd   Boot::rtmr2
//!  RTMR3  zero until the runtime extends it
//! ```

mod boot;
mod hob;
mod kernel;
mod mr_td;
mod platform;
mod replay;
mod variable;

pub use boot::{Boot, Disk, Kernel};
pub use hob::td_hob;
pub use mr_td::{Passes, mr_td};
pub use platform::{AcpiDigests, ReadySeparator, SecureBoot, rtmr0};
pub use replay::rtmr0_of_log;
