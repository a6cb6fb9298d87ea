//! How commands reach a TPM.

use core::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::limits::TPM_RESPONSE_BYTES_MAX;

/// The log of what the firmware and the boot loader measured.
// SPEC: Linux `drivers/char/tpm/eventlog`; TCG PC Client Platform Firmware Profile 1.06, section 10.
const EVENT_LOG: &str = "/sys/kernel/security/tpm0/binary_bios_measurements";

/// A connection to a TPM.
pub trait Transport {
    /// Sends one whole command and returns one whole response, or more bytes than any response
    /// has, which is refused by who reads it. Blocks.
    ///
    /// # Errors
    /// What the way to the TPM says.
    fn exchange(&mut self, command: &[u8]) -> io::Result<Vec<u8>>;
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn exchange(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        (**self).exchange(command)
    }
}

/// A TPM that can be connected to, once for each collection: two of them never share a connection,
/// and what one that failed has left behind is not read by the next.
///
/// Displayed, it says where the TPM is.
pub trait Connect: fmt::Debug + fmt::Display + Send + Sync {
    /// A new connection.
    ///
    /// # Errors
    /// What the way to the TPM says.
    fn connect(&self) -> io::Result<Box<dyn Transport>>;

    /// Where this machine's kernel shows the log of what was measured into this TPM; `None` for a
    /// TPM that is not this machine's, whose log is elsewhere.
    fn event_log(&self) -> Option<&Path> {
        None
    }
}

/// A TPM behind the kernel's resource manager.
// SPEC: Linux `drivers/char/tpm/tpm-dev-common.c`: one write is one command, one read one response.
#[derive(Clone, Debug)]
pub struct Device(PathBuf);

impl Device {
    /// The device at `path`, not opened yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

impl Connect for Device {
    fn connect(&self) -> io::Result<Box<dyn Transport>> {
        let file = OpenOptions::new().read(true).write(true).open(&self.0)?;
        Ok(Box::new(Opened(file)))
    }

    fn event_log(&self) -> Option<&Path> {
        Some(Path::new(EVENT_LOG))
    }
}

struct Opened(File);

impl Transport for Opened {
    fn exchange(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        self.0.write_all(command)?;
        // One more than allowed, so that a longer one is seen as such.
        let mut response = vec![0; TPM_RESPONSE_BYTES_MAX.saturating_add(1)];
        let length = self.0.read(&mut response)?;
        response.truncate(length);
        Ok(response)
    }
}
