//! Which TEE to use, and through which interface.

use std::path::PathBuf;

use crate::vtpm::QuoteService;

/// Where the kernel shows configfs-tsm.
const TSM_ROOT: &str = "/sys/kernel/config/tsm/report";

/// Where the kernel shows the TPM, behind its resource manager.
const TPM: &str = "/dev/tpmrm0";

/// Which TEE to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The one that this machine has: configfs-tsm, then `/dev/sev-guest`, then a paravisor's virtual
    /// TPM. Never a simulator.
    Auto,
    /// SEV-SNP, or an error.
    Snp(Interface),
    /// TDX, or an error.
    Tdx(Interface),
    /// SEV-SNP or TDX behind Azure's paravisor, through its virtual TPM, or an error.
    AzureVtpm,
    /// The simulator behind this Unix socket or serial port.
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
    /// The TPM's device.
    pub tpm: PathBuf,
    /// Who makes quotes of a paravisor's TDREPORT.
    pub quote_service: QuoteService,
}

impl Options {
    /// The usual places, for this choice.
    #[must_use]
    pub fn new(choice: Choice) -> Self {
        Self {
            choice,
            tsm_root: TSM_ROOT.into(),
            privilege_level: None,
            tpm: TPM.into(),
            quote_service: QuoteService::AZURE,
        }
    }
}
