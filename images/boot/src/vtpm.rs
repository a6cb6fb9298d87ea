//! A machine that measures itself while it boots: firmware and a boot stub, into a real TPM.
//!
//! ```text
//!  QEMU --control--> Relay --all but data and end--> swtpm
//!    '----commands--> SharedTpm --one by one--------> swtpm     paravisor: key, report
//!                       | Trace of what is extended     ^
//!                       '--- TPM2_Quote after the boot -'
//!
//!  UKI --calculators--> Events --predicted--> BootComparison <--measured-- quote, explained by Trace
//! ```
//!
//! The TPM is a `swtpm` that a paravisor in software has set up, with an attestation key that a
//! simulated SEV-SNP report names. What the guest gives a Verifier comes from that TPM, and so does
//! what is compared here. Neither is worth more than the simulator's root.
//!
//! What this module deliberately does not do: change a command or an answer between machine and TPM.

mod bootable;
mod comparison;
mod policy;
mod quote;
mod relay;
mod shape;
mod shared;
mod trace;

use std::os::unix::net::UnixStream;
use std::process::Command;

use anyhow::{Context as _, Result};
use cloister_attester::tpm::{Connect as _, Tpm};
use cloister_simulator::swtpm::Swtpm;
use cloister_simulator::{AzureGuest, Pki};
use tempfile::TempDir;

use crate::tee::Vendor;

pub use bootable::Bootable;
pub use comparison::{BootComparison, Part, PcrRow};
pub use policy::policy;
pub use quote::Quoted;
pub(crate) use relay::Relay;
pub use shape::shapes;
pub use shared::SharedTpm;
pub use trace::Trace;

/// A virtual TPM in software that one machine is put in front of.
#[derive(Debug)]
pub struct Vtpm {
    tpm: SharedTpm,
    guest: AzureGuest,
    pki: Pki,
    swtpm: Swtpm,
    // Dropped after the process that writes into it.
    _state: TempDir,
}

impl Vtpm {
    /// Starts `program`, a command for `swtpm`, and does a paravisor's work on it: an attestation
    /// key, and a report under the simulator's root that names it. Blocks, for seconds.
    pub fn start(program: Command, vendor: &Vendor) -> Result<Self> {
        let state = tempfile::Builder::new().prefix("cloister-vtpm-").tempdir()?;
        let swtpm = Swtpm::start(program, state.path()).context("cannot start swtpm")?;
        let pki = vendor.pki().clone();
        // The firmware that is started has no keys to check anything with.
        let guest = AzureGuest::behind_software(&pki).without_secure_boot();
        let tpm = SharedTpm::new(swtpm.socket().open()?);
        guest.provision(&mut Tpm::new(tpm.connect()?)).context("cannot set up the TPM")?;
        Ok(Self { tpm, guest, pki, swtpm, _state: state })
    }

    /// The TPM, for whoever takes turns with the machine.
    #[must_use]
    pub const fn tpm(&self) -> &SharedTpm {
        &self.tpm
    }

    /// Has the TPM quote its PCRs, and verifies that as a Verifier would. Blocks.
    pub fn quoted(&self) -> Result<Quoted> {
        quote::quoted(&self.tpm, &self.guest, &self.pki)
    }

    /// Answers a machine whose control channel is `qemu`, until it is dropped.
    pub(crate) fn relay(&self, qemu: UnixStream) -> Result<Relay> {
        let control = UnixStream::connect(self.swtpm.control());
        let control = control.context("swtpm has no control channel")?;
        Ok(Relay::between(qemu, control, self.tpm.clone())?)
    }
}
