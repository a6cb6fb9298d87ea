//! The serial port of a virtual machine, with its host at the other end.
//!
//! The line stays open: a port has room for one process, and its host cannot tell when another one
//! begins. What is left of an exchange that failed is thrown away with the line.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

use crate::limits::{SIMULATOR_PATIENCE, SIMULATOR_STALE_BYTES_MAX};

/// How often a port is looked at that says that nobody is at its other end: a virtual machine's
/// host gets there while the machine boots, and nothing tells when.
const PAUSE: Duration = Duration::from_millis(20);

/// Where ports have names, on systems with a device manager.
const NAMED: &str = "/dev/virtio-ports";

/// Where the kernel tells the names of ports.
const CLASS: &str = "/sys/class/virtio-ports";

/// The device of a port that is called `place`: itself, or what the kernel says that has the name. A
/// measured guest has nobody who would make links from names to devices.
pub(super) fn device(place: &Path) -> PathBuf {
    let name = place.strip_prefix(NAMED).ok().and_then(Path::to_str);
    let named = name.filter(|_| !place.exists()).and_then(|name| find(Path::new(CLASS), name));
    named.unwrap_or_else(|| place.to_owned())
}

fn find(class: &Path, name: &str) -> Option<PathBuf> {
    let mut ports = std::fs::read_dir(class).ok()?.filter_map(Result::ok);
    let is_named = |port: &std::fs::DirEntry| {
        std::fs::read_to_string(port.path().join("name")).is_ok_and(|it| it.trim_end() == name)
    };
    ports.find(is_named).map(|port| Path::new("/dev").join(port.file_name()))
}

/// A port, and the line while it is whole.
#[derive(Debug)]
pub(super) struct Port {
    path: PathBuf,
    line: Mutex<Option<File>>,
}

impl Port {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), line: Mutex::new(None) }
    }

    /// One exchange: nobody else has the line meanwhile. It is kept if `exchange` succeeds.
    pub(super) fn with<T, E>(
        &self,
        exchange: impl FnOnce(io::Result<Line<'_>>) -> Result<T, E>,
    ) -> Result<T, E> {
        // The line of an exchange that panicked is gone: it was taken out.
        let mut kept = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match kept.take().map_or_else(|| self.open(), Ok) {
            Ok(line) => line,
            Err(error) => return exchange(Err(error)),
        };
        let deadline = Instant::now() + SIMULATOR_PATIENCE;
        let answered = exchange(Ok(Line { port: &line, deadline }));
        if answered.is_ok() {
            *kept = Some(line);
        }
        answered
    }

    fn open(&self) -> io::Result<File> {
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
        let mut port =
            OpenOptions::new().read(true).write(true).custom_flags(flags).open(&self.path)?;
        discard(&mut port)?;
        Ok(port)
    }
}

/// Throws away what nobody waits for any more: the answer to an exchange that was given up.
fn discard(port: &mut File) -> io::Result<()> {
    let (mut stale, mut buffer) = (0_usize, [0; 4096]);
    loop {
        match port.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(more) => stale = stale.saturating_add(more),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if stale > SIMULATOR_STALE_BYTES_MAX {
            return Err(io::Error::other("the port never runs dry"));
        }
    }
}

/// The port until the deadline.
pub(super) struct Line<'a> {
    port: &'a File,
    deadline: Instant,
}

impl Line<'_> {
    /// Waits until the port may be ready; fails once the deadline has passed.
    fn wait(&self, direction: PollFlags) -> io::Result<()> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        let mut ports = [PollFd::new(self.port, direction)];
        poll(&mut ports, Some(&left))?;
        let [port] = ports;
        if !port.revents().contains(direction) {
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn ready<T>(
        &self,
        direction: PollFlags,
        mut act: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            match act() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait(direction)?,
                done => return done,
            }
        }
    }
}

impl Read for Line<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut port = self.port;
        self.ready(PollFlags::IN, || port.read(buffer))
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut port = self.port;
        self.ready(PollFlags::OUT, || port.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{device, find};

    #[test]
    fn a_port_is_found_by_the_name_that_the_kernel_tells() {
        let class = tempfile::tempdir().unwrap();
        for (port, name) in [("vport0p1", "org.other"), ("vport1p2", "org.cloister.tee")] {
            std::fs::create_dir(class.path().join(port)).unwrap();
            std::fs::write(class.path().join(port).join("name"), format!("{name}\n")).unwrap();
        }
        let found = find(class.path(), "org.cloister.tee");
        assert_eq!(found.as_deref(), Some(Path::new("/dev/vport1p2")));
        assert_eq!(find(class.path(), "org.cloister"), None);
        assert_eq!(find(&class.path().join("absent"), "org.cloister.tee"), None);
    }

    #[test]
    fn any_other_place_is_itself() {
        let place = Path::new("/run/cloister/tee.sock");
        assert_eq!(device(place), place);
    }
}
