//! A message: its fixed fields, and where its options are.

use core::net::Ipv4Addr;

use super::options::Options;
use super::{Hardware, MESSAGE_BYTES_MAX};

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Op {
    /// A client: `BOOTREQUEST`.
    Request,
    /// A server: `BOOTREPLY`.
    Reply,
}

/// One message of either side. What a client has no use for is neither kept nor sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `op`.
    pub op: Op,
    /// `xid`: which exchange it belongs to.
    pub xid: u32,
    /// `secs`: since the client began.
    pub secs: u16,
    /// The one flag: answer to everybody, the client has no address yet.
    pub broadcast: bool,
    /// `yiaddr`: the client's address.
    pub yiaddr: Ipv4Addr,
    /// `chaddr`: the client's network card.
    pub chaddr: Hardware,
    /// Everything else.
    pub options: Options,
}

/// Bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// It is shorter than its fixed fields, or longer than a frame.
    #[error("a message of {0} bytes")]
    Length(usize),
    /// `op` is neither.
    #[error("op is {0}")]
    Op(u8),
    /// `htype` and `hlen` are not those of Ethernet.
    #[error("htype is {0} and hlen {1}")]
    Hardware(u8, u8),
    /// The options do not begin with the cookie.
    #[error("there is no cookie before the options")]
    Cookie,
    /// An option is longer than what there is, or the last is not followed by the end.
    #[error("the options have no end")]
    Truncated,
    /// An option's content is not of its kind.
    #[error("option {0} is malformed")]
    Option(u8),
    /// There is no message type.
    #[error("it has no message type")]
    Untyped,
}

/// `htype` and `hlen` of Ethernet.
const ETHERNET: [u8; 2] = [1, 6];
const BROADCAST: u16 = 0x8000;
// SPEC: RFC 2132 section 2.
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// SPEC: RFC 1542 section 2.1. Relays drop what is shorter.
const LEAST: usize = 300;

/// What comes before the options.
const FIXED: usize = 236;
const SNAME: usize = 44;
const FILE: usize = 108;

impl Message {
    /// Parses what came in one datagram.
    ///
    /// Fields that are of no use to a client (`hops`, `ciaddr`, `siaddr`, `giaddr`, the rest of
    /// `chaddr`) are not looked at; `sname` and `file` only where an option says that they hold
    /// options.
    ///
    /// # Errors
    /// [`Malformed`].
    // SPEC: RFC 2131 section 2, figure 1.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let length = Malformed::Length(bytes.len());
        let fixed = bytes.first_chunk::<FIXED>().ok_or(length)?;
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(length);
        }
        let [op, htype, hlen, _hops, x0, x1, x2, x3, s0, s1, f0, f1, rest @ ..] = fixed;
        let [_, _, _, _, y0, y1, y2, y3, _, _, _, _, _, _, _, _, rest @ ..] = rest;
        let [c0, c1, c2, c3, c4, c5, ..] = rest;
        let op = match op {
            1 => Op::Request,
            2 => Op::Reply,
            other => return Err(Malformed::Op(*other)),
        };
        if [*htype, *hlen] != ETHERNET {
            return Err(Malformed::Hardware(*htype, *hlen));
        }
        let rest = bytes.get(FIXED..).unwrap_or_default();
        let field = rest.strip_prefix(&COOKIE).ok_or(Malformed::Cookie)?;
        let part = |from: usize, to: usize| fixed.get(from..to).unwrap_or_default();
        Ok(Self {
            op,
            xid: u32::from_be_bytes([*x0, *x1, *x2, *x3]),
            secs: u16::from_be_bytes([*s0, *s1]),
            broadcast: u16::from_be_bytes([*f0, *f1]) & BROADCAST != 0,
            yiaddr: Ipv4Addr::new(*y0, *y1, *y2, *y3),
            chaddr: [*c0, *c1, *c2, *c3, *c4, *c5],
            options: Options::parse(field, part(FILE, FIXED), part(SNAME, FILE))?,
        })
    }

    /// The message as it is sent.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let op = match self.op {
            Op::Request => 1,
            Op::Reply => 2,
        };
        let [htype, hlen] = ETHERNET;
        let flags = if self.broadcast { BROADCAST } else { 0 };
        let mut bytes = vec![op, htype, hlen, 0];
        bytes.extend(self.xid.to_be_bytes());
        bytes.extend(self.secs.to_be_bytes());
        bytes.extend(flags.to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend(self.yiaddr.octets());
        bytes.extend([0; 8]);
        bytes.extend(self.chaddr);
        bytes.resize(FIXED, 0);
        bytes.extend(COOKIE);
        self.options.encode(&mut bytes);
        bytes.resize(bytes.len().max(LEAST), 0);
        bytes
    }
}

#[cfg(test)]
mod tests;
