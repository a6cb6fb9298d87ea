//! What runs the guest's instructions, found out by running some.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;

use crate::qemu::Qemu;

/// How QEMU runs a guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Accelerator {
    /// In software: slow, and always there.
    #[default]
    Tcg,
    /// On the processor.
    Kvm,
    /// On the processor if that works, else in software.
    Auto,
}

/// How long the probe's six instructions may take, with QEMU's own start.
const PROBE_LIMIT: Duration = Duration::from_secs(10);

/// What QEMU ends with when the probe has run: `isa-debug-exit` doubles what it is told and adds 1.
const RAN: i32 = 33;

/// Size of the probe's firmware.
const PROBE_BYTES: usize = 64 * 1024;

impl Accelerator {
    /// The accelerator to use: as chosen, if it works.
    pub async fn chosen(self, qemu: &Qemu) -> Result<Self> {
        match self {
            Self::Tcg => Ok(Self::Tcg),
            Self::Kvm => {
                ensure!(Self::Kvm.works(qemu).await?, "KVM does not run a guest on this machine");
                Ok(Self::Kvm)
            }
            Self::Auto if Self::Kvm.works(qemu).await? => Ok(Self::Kvm),
            Self::Auto => Ok(Self::Tcg),
        }
    }

    /// As QEMU calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcg => "tcg",
            Self::Kvm => "kvm",
            Self::Auto => "auto",
        }
    }

    /// Whether a guest runs. A device node says little: it may be there and refuse, or make virtual
    /// machines that never get anywhere.
    pub async fn works(self, qemu: &Qemu) -> Result<bool> {
        let mut firmware = tempfile::NamedTempFile::new()?;
        firmware.write_all(&probe())?;
        let mut command = qemu.command();
        command.args(["-machine", "pc", "-accel", self.name(), "-m", "16", "-no-reboot"]);
        command.args(["-device", "isa-debug-exit,iobase=0xf4,iosize=1"]);
        command.arg("-bios").arg(firmware.path());
        let mut child = command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", qemu.program().display()))?;
        match tokio::time::timeout(PROBE_LIMIT, child.wait()).await {
            Ok(status) => Ok(status?.code() == Some(RAN)),
            Err(_) => {
                child.kill().await?;
                Ok(false)
            }
        }
    }
}

/// Firmware that ends the machine with its first instructions: `mov dx, 0xf4; mov al, 16; out dx,
/// al; hlt`.
fn probe() -> Vec<u8> {
    let mut firmware = vec![0xf4; PROBE_BYTES];
    let start = [0xba, 0xf4, 0x00, 0xb0, 0x10, 0xee, 0xf4];
    let reset_vector = PROBE_BYTES - 16;
    firmware.splice(reset_vector..reset_vector + start.len(), start);
    firmware
}

#[cfg(test)]
mod tests {
    use super::{PROBE_BYTES, probe};

    #[test]
    fn the_probe_starts_at_the_reset_vector_and_is_as_long_as_its_firmware() {
        let firmware = probe();
        assert_eq!(firmware.len(), PROBE_BYTES);
        assert_eq!(firmware[PROBE_BYTES - 16..PROBE_BYTES - 13], [0xba, 0xf4, 0]);
    }
}
