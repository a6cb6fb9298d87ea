//! The agent's network: loopback and nothing else.
//!
//! A socket belongs to the namespace that it was made in, whoever uses it afterwards. So one thread
//! lives in the agent's namespace and makes the runtime's sockets there.

use core::fmt;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use rustix::thread::{UnshareFlags, gettid};

use super::FenceError;
use crate::network;

/// A network namespace with a loopback interface. It ends with this value and its last process.
pub struct Namespace {
    work: mpsc::Sender<Work>,
    path: PathBuf,
}

type Work = Box<dyn FnOnce() + Send>;

impl Namespace {
    /// Makes one.
    ///
    /// # Errors
    /// [`FenceError`] without the privilege.
    pub fn new() -> Result<Self, FenceError> {
        let (work, todo) = mpsc::channel::<Work>();
        let (ready, made) = mpsc::sync_channel(1);
        let live = move || {
            let entered = enter();
            let is_there = entered.is_ok();
            // Whoever asked is waiting for it.
            let asked = ready.send(entered).is_ok();
            if is_there && asked {
                todo.iter().for_each(|work| work());
            }
        };
        thread::Builder::new()
            .name("fence-net".to_owned())
            .spawn(live)
            .map_err(FenceError::at("start a thread"))?;
        let path = made.recv().map_err(|error| FenceError::other("make a network", error))??;
        Ok(Self { work, path })
    }

    /// The link by which another process joins it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Listens there.
    ///
    /// # Errors
    /// The kernel's reason.
    pub fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        self.there(move || {
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        })
    }

    /// A socket of there for a connection to `address`, which does not block and is not connected.
    ///
    /// # Errors
    /// The kernel's reason.
    pub fn socket(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        self.there(move || {
            let socket = socket_with(family, SocketType::STREAM, flags, None)?;
            Ok(TcpStream::from(socket))
        })
    }

    /// How often somebody there tried to reach what there is no route to, since it was made.
    ///
    /// # Errors
    /// The kernel's reason, or that it counts no such thing.
    pub fn unrouted(&self) -> io::Result<u64> {
        self.there(|| {
            let four = fs::read_to_string("/proc/thread-self/net/snmp")?;
            // A kernel without IPv6 has no such file, and no such attempts.
            let six = fs::read_to_string("/proc/thread-self/net/snmp6").unwrap_or_default();
            let four =
                unrouted(&four).ok_or_else(|| io::Error::other("OutNoRoutes is not counted"))?;
            Ok(four.saturating_add(unrouted6(&six).unwrap_or(0)))
        })
    }

    fn there<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let (done, result) = mpsc::sync_channel(1);
        let gone = || io::Error::other("the agent's network is gone");
        let work = move || {
            // Nobody listens any more: then nobody needs it.
            drop(done.send(work()));
        };
        self.work.send(Box::new(work)).map_err(|_| gone())?;
        result.recv().map_err(|_| gone())?
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Moves the calling thread into new namespaces.
#[expect(
    deprecated,
    reason = "rustix's other form is unsafe for `FILES` alone, which no caller here passes"
)]
pub(super) fn unshare(flags: UnshareFlags) -> Result<(), Errno> {
    debug_assert!(!flags.contains(UnshareFlags::FILES), "open files are shared by all threads");
    rustix::thread::unshare(flags.difference(UnshareFlags::FILES))
}

fn enter() -> Result<PathBuf, FenceError> {
    unshare(UnshareFlags::NEWNET).map_err(FenceError::at("make a network"))?;
    network::loopback().map_err(|error| FenceError::other("switch its loopback on", error))?;
    let (process, thread) = (std::process::id(), gettid().as_raw_nonzero());
    Ok(PathBuf::from(format!("/proc/{process}/task/{thread}/ns/net")))
}

/// The column `OutNoRoutes` of the lines `Ip:`. SPEC: proc_pid_net(5); RFC 4293, ipSystemStatsOutNoRoutes.
fn unrouted(snmp: &str) -> Option<u64> {
    let mut lines = snmp.lines().filter_map(|line| line.strip_prefix("Ip:"));
    let (names, counts) = (lines.next()?, lines.next()?);
    let mut columns = names.split_ascii_whitespace().zip(counts.split_ascii_whitespace());
    columns.find(|(name, _)| *name == "OutNoRoutes")?.1.parse().ok()
}

fn unrouted6(snmp: &str) -> Option<u64> {
    let line = snmp.lines().find(|line| line.starts_with("Ip6OutNoRoutes"))?;
    line.split_ascii_whitespace().next_back()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{unrouted, unrouted6};

    #[test]
    fn the_column_is_found_by_its_name() {
        let snmp =
            "Ip: Forwarding OutDiscards OutNoRoutes ReasmTimeout\nIp: 1 0 17 3\nTcp: a\nTcp: 1\n";
        assert_eq!(unrouted(snmp), Some(17));
        assert_eq!(unrouted("Ip: Forwarding\nIp: 1\n"), None);
        assert_eq!(unrouted(""), None);
        assert_eq!(unrouted6("Ip6OutDiscards 0\nIp6OutNoRoutes                 \t5\n"), Some(5));
    }
}
