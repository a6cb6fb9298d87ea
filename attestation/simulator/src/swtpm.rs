//! A software TPM: the program `swtpm`, and how commands reach it.

use core::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use cloister_attester::limits::TPM_RESPONSE_BYTES_MAX;
use cloister_attester::tpm::{Connect, Transport};

/// Tag, size and code.
const HEADER_BYTES: usize = 10;

/// How long a command may take: making an RSA key takes seconds on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often, and after which pauses, the new process is looked for.
const STARTING_ATTEMPTS: u32 = 500;
const STARTING_PAUSE: Duration = Duration::from_millis(20);

/// A running `swtpm`. Dropping it ends the process.
///
/// Its connections share one TPM and take turns: the next is served when the last has closed.
#[derive(Debug)]
pub struct Swtpm {
    child: Child,
    socket: SwtpmSocket,
    control: PathBuf,
    log: PathBuf,
}

/// Where a `swtpm` listens.
#[derive(Clone, Debug)]
pub struct SwtpmSocket(PathBuf);

impl Swtpm {
    /// Starts `program`, a command for `swtpm` without arguments yet, with its state in the folder
    /// `state`. A folder without any becomes a new TPM. The TPM is started, as firmware would.
    ///
    /// # Errors
    /// What starting it says, or that it ended at once, with what it wrote.
    pub fn start(mut program: Command, state: &Path) -> io::Result<Self> {
        let [socket, control, log] =
            ["swtpm.sock", "control.sock", "swtpm.log"].map(|name| state.join(name));
        let argument = |before: &str, path: &Path| format!("{before}{}", path.display());
        program
            .args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"])
            .args(["--tpmstate", &argument("dir=", state)])
            .args(["--server", &argument("type=unixio,path=", &socket)])
            .args(["--ctrl", &argument("type=unixio,path=", &control)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        let child = program.spawn()?;
        let mut swtpm = Self { child, socket: SwtpmSocket(socket), control, log };
        swtpm.wait_until_it_listens()?;
        Ok(swtpm)
    }

    /// Where it listens.
    #[must_use]
    pub const fn socket(&self) -> &SwtpmSocket {
        &self.socket
    }

    /// Where its control channel is: what a machine's hardware does to a TPM besides sending commands.
    #[must_use]
    pub fn control(&self) -> &Path {
        &self.control
    }

    fn wait_until_it_listens(&mut self) -> io::Result<()> {
        for _ in 0..STARTING_ATTEMPTS {
            if UnixStream::connect(&self.socket.0).is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                let told = fs::read_to_string(&self.log)?;
                return Err(io::Error::other(format!("swtpm ended with {status}: {told}")));
            }
            thread::sleep(STARTING_PAUSE);
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "swtpm does not listen"))
    }
}

impl Drop for Swtpm {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

impl fmt::Display for SwtpmSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "swtpm at {}", self.0.display())
    }
}

impl SwtpmSocket {
    /// A connection, which other threads may have.
    ///
    /// # Errors
    /// What the socket says.
    pub fn open(&self) -> io::Result<SwtpmConnection> {
        let stream = UnixStream::connect(&self.0)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(SwtpmConnection(stream))
    }
}

impl Connect for SwtpmSocket {
    fn connect(&self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(self.open()?))
    }
}

/// A connection to a `swtpm`, which serves no other meanwhile.
#[derive(Debug)]
pub struct SwtpmConnection(UnixStream);

impl Transport for SwtpmConnection {
    fn exchange(&mut self, command: &[u8]) -> io::Result<Vec<u8>> {
        self.0.write_all(command)?;
        let mut header = [0; HEADER_BYTES];
        self.0.read_exact(&mut header)?;
        let size = u32::from_be_bytes([header[2], header[3], header[4], header[5]]);
        let size = usize::try_from(size).ok().filter(|size| *size <= TPM_RESPONSE_BYTES_MAX);
        let rest = size.and_then(|size| size.checked_sub(HEADER_BYTES));
        let mut rest = vec![0; rest.ok_or(io::ErrorKind::InvalidData)?];
        self.0.read_exact(&mut rest)?;
        Ok([header.as_slice(), &rest].concat())
    }
}
