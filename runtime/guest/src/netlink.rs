//! The few messages by which the kernel is told about addresses and routes.
//!
//! SPEC: RFC 3549; netlink(7), rtnetlink(7). All numbers are in the machine's order.

use core::net::Ipv4Addr;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{bind, recv, send, socket_with};

use crate::dhcp::Route;

const NEWLINK: u16 = 16;
const NEWADDR: u16 = 20;
const NEWROUTE: u16 = 24;

/// `NLM_F_REQUEST | NLM_F_ACK`.
const ASKED: u16 = 0x0005;
/// `NLM_F_CREATE | NLM_F_REPLACE`.
const MADE: u16 = 0x0500;

const ERROR: u16 = 2;
const HEAD_LEN: usize = 16;
const UP: u32 = 1;
const INET: u8 = 2;
/// `RT_SCOPE_UNIVERSE` and `RT_SCOPE_LINK`.
const EVERYWHERE: u8 = 0;
const ON_LINK: u8 = 253;

/// A connection to the kernel's routing part.
#[derive(Debug)]
pub(crate) struct Routing {
    socket: OwnedFd,
    sequence: u32,
}

/// An attribute: its number and its four bytes.
type Attribute = (u16, [u8; 4]);

impl Routing {
    pub(crate) fn open() -> Result<Self, Errno> {
        let socket =
            socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
        bind(&socket, &SocketAddrNetlink::new(0, 0))?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Switches an interface on.
    pub(crate) fn up(&mut self, index: u32) -> Result<(), Errno> {
        let mut body = vec![0; 4];
        body.extend(index.to_ne_bytes());
        body.extend(UP.to_ne_bytes());
        body.extend(UP.to_ne_bytes());
        self.ask(NEWLINK, ASKED, &body, &[])
    }

    /// Gives an interface an address.
    pub(crate) fn address(
        &mut self,
        index: u32,
        address: Ipv4Addr,
        prefix: u8,
    ) -> Result<(), Errno> {
        let mut body = vec![INET, prefix, 0, 0];
        body.extend(index.to_ne_bytes());
        // IFA_ADDRESS and IFA_LOCAL.
        let attributes = [(1, address.octets()), (2, address.octets())];
        self.ask(NEWADDR, ASKED | MADE, &body, &attributes)
    }

    /// Sends everything for `destination` to its gateway, or onto the link.
    pub(crate) fn route(&mut self, index: u32, route: &Route) -> Result<(), Errno> {
        let Route { destination, prefix, gateway } = *route;
        let scope = if gateway.is_some() { EVERYWHERE } else { ON_LINK };
        // Family, lengths of destination and source, service, table `main`, by `boot`, scope,
        // unicast, no flags.
        let body = [INET, prefix, 0, 0, 254, 3, scope, 1, 0, 0, 0, 0];
        // RTA_OIF; RTA_GATEWAY; RTA_DST, which everybody has none of.
        let mut attributes = vec![(4, index.to_ne_bytes())];
        attributes.extend(gateway.map(|gateway| (5, gateway.octets())));
        attributes.extend((prefix > 0).then(|| (1, destination.octets())));
        self.ask(NEWROUTE, ASKED | MADE, &body, &attributes)
    }

    fn ask(
        &mut self,
        kind: u16,
        flags: u16,
        body: &[u8],
        attributes: &[Attribute],
    ) -> Result<(), Errno> {
        self.sequence = self.sequence.wrapping_add(1);
        let message = message(kind, flags, self.sequence, body, attributes);
        send(&self.socket, &message, SendFlags::empty())?;
        let mut answer = [0; 1024];
        let (len, _) = recv(&self.socket, &mut answer, RecvFlags::empty())?;
        verdict(answer.get(..len).unwrap_or_default(), self.sequence)
    }
}

fn message(kind: u16, flags: u16, sequence: u32, body: &[u8], attributes: &[Attribute]) -> Vec<u8> {
    let mut rest = body.to_vec();
    for (number, value) in attributes {
        rest.extend(8_u16.to_ne_bytes());
        rest.extend(number.to_ne_bytes());
        rest.extend(value);
    }
    let len = u32::try_from(rest.len().saturating_add(HEAD_LEN)).unwrap_or(u32::MAX);
    let mut message = len.to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend(sequence.to_ne_bytes());
    message.extend([0; 4]);
    message.extend(rest);
    message
}

/// What the kernel's answer to `sequence` says.
fn verdict(answer: &[u8], sequence: u32) -> Result<(), Errno> {
    let word =
        |at: usize| answer.get(at..)?.first_chunk::<4>().map(|bytes| u32::from_ne_bytes(*bytes));
    let kind = answer.get(4..).and_then(|rest| rest.first_chunk::<2>());
    if kind.map(|bytes| u16::from_ne_bytes(*bytes)) != Some(ERROR) || word(8) != Some(sequence) {
        return Err(Errno::PROTO);
    }
    match word(HEAD_LEN) {
        Some(0) => Ok(()),
        Some(code) => {
            let errno = i32::from_ne_bytes(code.to_ne_bytes()).wrapping_neg();
            Err(Errno::from_raw_os_error(errno))
        }
        None => Err(Errno::PROTO),
    }
}

#[cfg(test)]
mod tests {
    use super::{Errno, NEWADDR, message, verdict};

    #[test]
    fn a_message_says_its_length_and_its_attributes_theirs() {
        let made = message(NEWADDR, 5, 7, &[2, 24, 0, 0], &[(2, [10, 0, 2, 15])]);
        assert_eq!(made.len(), 16 + 4 + 8);
        assert_eq!(made[..4], 28_u32.to_ne_bytes());
        assert_eq!(made[8..12], 7_u32.to_ne_bytes());
        assert_eq!(made[20..], [8, 0, 2, 0, 10, 0, 2, 15]);
    }

    #[test]
    fn only_the_acknowledgement_of_the_question_is_one() {
        let answer = |kind: u16, sequence: u32, code: i32| {
            let mut bytes = 36_u32.to_ne_bytes().to_vec();
            bytes.extend(kind.to_ne_bytes());
            bytes.extend([0; 2]);
            bytes.extend(sequence.to_ne_bytes());
            bytes.extend([0; 4]);
            bytes.extend(code.to_ne_bytes());
            bytes
        };
        assert_eq!(verdict(&answer(2, 1, 0), 1), Ok(()));
        assert_eq!(verdict(&answer(2, 1, -1), 1), Err(Errno::PERM));
        for other in [answer(3, 1, 0), answer(2, 2, 0), answer(2, 1, 0)[..18].to_vec(), Vec::new()]
        {
            assert_eq!(verdict(&other, 1), Err(Errno::PROTO));
        }
    }
}
