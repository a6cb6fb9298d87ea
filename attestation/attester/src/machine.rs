//! What this machine has, and which of it a choice selects.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use cloister_attestation::evidence::Tee;

use crate::choice::{Choice, Interface, Options};
use crate::error::AttesterError;
use crate::tpm::Device;
use crate::tsm;
use crate::vtpm::{Found, look};

const SEV_GUEST: &str = "/dev/sev-guest";
const TDX_GUEST: &str = "/dev/tdx_guest";

/// Where the kernel shows its TEE interfaces.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    pub(crate) tsm_root: PathBuf,
    pub(crate) sev_guest: PathBuf,
    pub(crate) tdx_guest: PathBuf,
    pub(crate) tpm: PathBuf,
}

/// What to collect from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Tsm(Tee),
    SevGuest,
    AzureVtpm,
    Simulator(PathBuf),
}

impl Machine {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            tsm_root: options.tsm_root.clone(),
            sev_guest: SEV_GUEST.into(),
            tdx_guest: TDX_GUEST.into(),
            tpm: options.tpm.clone(),
        }
    }

    /// The source that `choice` names, or the first that this machine has.
    pub(crate) fn select(&self, choice: &Choice) -> Result<Source, AttesterError> {
        match choice {
            Choice::Auto => self.first(),
            Choice::Snp(interface) => self.forced(Tee::Snp, *interface),
            Choice::Tdx(interface) => self.forced(Tee::Tdx, *interface),
            Choice::AzureVtpm => Ok(Source::AzureVtpm),
            Choice::Simulator(socket) => Ok(Source::Simulator(socket.clone())),
        }
    }

    fn first(&self) -> Result<Source, AttesterError> {
        let provider = tsm::provider(&self.tsm_root);
        let looked_for_tsm = match provider {
            Ok(name) => return self.by_provider(&name),
            Err(AttesterError::Unavailable { found, .. }) => {
                format!("configfs-tsm at {} ({found})", self.tsm_root.display())
            }
            Err(error) => return Err(error),
        };
        if present(&self.sev_guest)? {
            return Ok(Source::SevGuest);
        }
        if present(&self.tdx_guest)? {
            return Err(AttesterError::NoQuote { device: self.tdx_guest.clone() });
        }
        let Found::Other(found) = look(&Device::new(&self.tpm)) else {
            return Ok(Source::AzureVtpm);
        };
        let [sev, tdx] = [&self.sev_guest, &self.tdx_guest].map(|path| path.display().to_string());
        let tpm = format!("{} ({found})", self.tpm.display());
        Err(AttesterError::NoTee { looked_for: vec![looked_for_tsm, sev, tdx, tpm] })
    }

    fn by_provider(&self, name: &str) -> Result<Source, AttesterError> {
        tsm::tee_of(name).map(Source::Tsm).ok_or_else(|| AttesterError::Provider {
            expected: "sev_guest or tdx_guest".to_owned(),
            found: name.to_owned(),
        })
    }

    fn forced(&self, tee: Tee, interface: Interface) -> Result<Source, AttesterError> {
        match interface {
            Interface::Configfs => self.forced_tsm(tee),
            Interface::Device => self.forced_device(tee),
            Interface::Auto => match self.forced_tsm(tee) {
                Err(AttesterError::Unavailable { .. }) => self.forced_device(tee),
                decided => decided,
            },
        }
    }

    fn forced_tsm(&self, tee: Tee) -> Result<Source, AttesterError> {
        let found = tsm::provider(&self.tsm_root)?;
        if tsm::tee_of(&found) == Some(tee) {
            Ok(Source::Tsm(tee))
        } else {
            Err(AttesterError::Provider { expected: tsm::provider_of(tee).to_owned(), found })
        }
    }

    fn forced_device(&self, tee: Tee) -> Result<Source, AttesterError> {
        let device = if tee == Tee::Snp { &self.sev_guest } else { &self.tdx_guest };
        if !present(device)? {
            let found = format!("{} does not exist", device.display());
            return Err(AttesterError::Unavailable {
                wanted: format!("{tee} through its device"),
                found,
            });
        }
        if tee == Tee::Snp {
            Ok(Source::SevGuest)
        } else {
            Err(AttesterError::NoQuote { device: device.clone() })
        }
    }
}

/// Whether a device is there and may be opened. Not being allowed to is an error, not an absence.
pub(crate) fn present(device: &Path) -> Result<bool, AttesterError> {
    match File::open(device) {
        Ok(_) => Ok(true),
        Err(error) if absent(&error) => Ok(false),
        Err(source) => Err(AttesterError::Permission { path: device.to_owned(), source }),
    }
}

/// A device node without a driver behind it is as good as none.
pub(crate) fn absent(error: &io::Error) -> bool {
    let code = rustix::io::Errno::from_io_error(error);
    error.kind() == io::ErrorKind::NotFound
        || matches!(code, Some(rustix::io::Errno::NXIO | rustix::io::Errno::NODEV))
}

#[cfg(test)]
mod tests;
