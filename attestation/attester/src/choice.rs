//! Which TEE to use, and through which interface.

use std::path::PathBuf;

/// Where the kernel shows configfs-tsm.
const TSM_ROOT: &str = "/sys/kernel/config/tsm/report";

/// Which TEE to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The one that this machine has: configfs-tsm, then `/dev/sev-guest`. Never a simulator.
    Auto,
    /// SEV-SNP, or an error.
    Snp(Interface),
    /// TDX, or an error.
    Tdx(Interface),
    /// The simulator behind this socket.
    Simulator(PathBuf),
}

/// How to reach a TEE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// configfs-tsm where the kernel has it, else the device.
    Auto,
    /// configfs-tsm, Linux 6.7 and later.
    Configfs,
    /// The vendor's device: `/dev/sev-guest` or `/dev/tdx_guest`.
    Device,
}

/// What [`crate::Attester::open`] needs to know. None of it can weaken trust: whatever is collected
/// is judged by what the hardware signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Which TEE.
    pub choice: Choice,
    /// Where configfs-tsm is.
    pub tsm_root: PathBuf,
    /// SEV-SNP: the VMPL to put into the report; `None` leaves it to the kernel.
    pub privilege_level: Option<u8>,
}

impl Options {
    /// The usual places, for this choice.
    #[must_use]
    pub fn new(choice: Choice) -> Self {
        Self { choice, tsm_root: TSM_ROOT.into(), privilege_level: None }
    }
}
