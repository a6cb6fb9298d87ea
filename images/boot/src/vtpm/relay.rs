//! Stands between QEMU and swtpm, so that this program and the machine have one TPM.
//!
//! QEMU speaks to a TPM emulator over a control channel, and hands it one end of a socket for
//! commands. That end is kept here, and the commands are passed on one by one. At the machine's end
//! QEMU tells the emulator to end too; it is not told, because its PCRs are still to be read.
//!
//! SPEC: swtpm, `include/swtpm/tpm_ioctl.h` (control commands, big-endian).

use std::io::{self, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::thread;

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use super::shared::SharedTpm;

const CMD_SHUTDOWN: u32 = 0x03;
const CMD_SET_DATAFD: u32 = 0x10;

/// `TPM_SUCCESS`, as the whole of an answer.
const DONE: [u8; 4] = [0; 4];

/// More than any control command that a machine's start takes.
const CONTROL_BYTES_MAX: usize = 4096;

/// Tag, size and code.
const HEADER_BYTES: usize = 10;
/// What swtpm takes of a command.
const COMMAND_BYTES_MAX: usize = 4096;

/// A machine's way to its TPM. Dropping it hangs up.
#[derive(Debug)]
pub(crate) struct Relay {
    qemu: UnixStream,
    control: UnixStream,
}

impl Relay {
    /// Passes on what comes from `qemu` and from swtpm's `control`, and commands to `tpm`.
    pub(super) fn between(
        qemu: UnixStream,
        control: UnixStream,
        tpm: SharedTpm,
    ) -> io::Result<Self> {
        let relay = Self { qemu, control };
        let (mut from, mut to) = (relay.control.try_clone()?, relay.qemu.try_clone()?);
        spawn(move || io::copy(&mut from, &mut to).map(drop))?;
        let (from, to) = (relay.qemu.try_clone()?, relay.control.try_clone()?);
        spawn(move || {
            let ended = controlled(&from, &to, &tpm);
            // Whoever waits for an answer learns that none comes.
            from.shutdown(Shutdown::Both).and(ended)
        })?;
        Ok(relay)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // They may have closed already.
        let _closed = [&self.qemu, &self.control].map(|stream| stream.shutdown(Shutdown::Both));
    }
}

/// A machine that ends takes its end of a stream away in any state: how a thread here ends says
/// nothing that QEMU does not say itself.
fn spawn(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    let thread = thread::Builder::new().name("cloister-vtpm".to_owned());
    thread.spawn(move || drop(work())).map(drop)
}

/// One control command, and what came with it.
struct Request {
    bytes: Vec<u8>,
    descriptor: Option<OwnedFd>,
}

impl Request {
    /// The next one; `None` once there are no more. QEMU waits for each answer, and writes each
    /// command at once.
    fn receive(qemu: &UnixStream) -> io::Result<Option<Self>> {
        let mut bytes = vec![0; CONTROL_BYTES_MAX];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let received = recvmsg(qemu, &mut parts, &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
        let mut descriptor = None;
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(mut rights) = message {
                descriptor = rights.next();
            }
        }
        bytes.truncate(received.bytes);
        Ok((!bytes.is_empty()).then_some(Self { bytes, descriptor }))
    }

    fn number(&self) -> io::Result<u32> {
        let number = self.bytes.first_chunk().copied().map(u32::from_be_bytes);
        number.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

fn controlled(mut qemu: &UnixStream, mut control: &UnixStream, tpm: &SharedTpm) -> io::Result<()> {
    while let Some(request) = Request::receive(qemu)? {
        match (request.number()?, request.descriptor) {
            (CMD_SET_DATAFD, Some(descriptor)) => {
                let (machine, tpm) = (UnixStream::from(descriptor), tpm.clone());
                spawn(move || commanded(&machine, &tpm))?;
                qemu.write_all(&DONE)?;
            }
            (CMD_SHUTDOWN, None) => qemu.write_all(&DONE)?,
            (_, None) => control.write_all(&request.bytes)?,
            (_, Some(_)) => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
    Ok(())
}

/// Passes on a machine's commands until it closes its end.
fn commanded(mut machine: &UnixStream, tpm: &SharedTpm) -> io::Result<()> {
    loop {
        let mut command = vec![0; HEADER_BYTES];
        machine.read_exact(&mut command)?;
        let size = command.get(2..).and_then(<[u8]>::first_chunk).copied();
        let size = usize::try_from(size.map_or(0, u32::from_be_bytes));
        match size {
            Ok(size @ HEADER_BYTES..=COMMAND_BYTES_MAX) => command.resize(size, 0),
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
        machine.read_exact(command.get_mut(HEADER_BYTES..).unwrap_or_default())?;
        machine.write_all(&tpm.exchange(&command)?)?;
    }
}

#[cfg(test)]
mod tests;
