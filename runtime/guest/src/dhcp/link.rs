//! The socket of a client that has no address yet.

use core::net::{Ipv4Addr, SocketAddrV4};
use core::time::Duration;
use std::io;
use std::net::UdpSocket;
use std::time::Instant;

use socket2::SockRef;

use super::MESSAGE_BYTES_MAX;
use super::exchange::Link;

// SPEC: RFC 2131 section 4.1.
const CLIENT: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68);
const SERVERS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::BROADCAST, 67);

/// One device's link, as UDP reaches everybody on it.
#[derive(Debug)]
pub(crate) struct Udp {
    socket: UdpSocket,
    opened: Instant,
}

impl Udp {
    pub(crate) fn open(device: &str) -> io::Result<Self> {
        let socket = UdpSocket::bind(CLIENT)?;
        // Without it the kernel looks for a route, and there is none yet.
        SockRef::from(&socket).bind_device(Some(device.as_bytes()))?;
        socket.set_broadcast(true)?;
        Ok(Self { socket, opened: Instant::now() })
    }
}

impl Link for Udp {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        self.socket.send_to(message, SERVERS).map(drop)
    }

    fn receive(&mut self, patience: Duration) -> io::Result<Option<Vec<u8>>> {
        // No patience at all would mean to wait for ever.
        self.socket.set_read_timeout(Some(patience.max(Duration::from_millis(1))))?;
        // One byte more than is taken, so that what was cut off is seen to be too long.
        let mut bytes = vec![0; MESSAGE_BYTES_MAX.saturating_add(1)];
        match self.socket.recv(&mut bytes) {
            Ok(length) => {
                bytes.truncate(length);
                Ok(Some(bytes))
            }
            Err(error) if is_quiet(error.kind()) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn elapsed(&self) -> Duration {
        self.opened.elapsed()
    }
}

const fn is_quiet(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(kind, WouldBlock | TimedOut | Interrupted)
}
