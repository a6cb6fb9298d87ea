//! The address that the host's network gives out: DHCP, as much of it as a guest needs once.
//!
//! ```text
//!  DISCOVER -->            <-- OFFER     whoever has an address to give
//!  REQUEST  -->            <-- ACK       it is the guest's; or NAK, and all over again
//! ```
//!
//! Everything that is said here is the host's word. It decides where packets go, which the host
//! does anyway: what is wrong costs availability.
//!
//! What this deliberately does not do: renew, release or decline. The address is asked for once,
//! and kept: clouds bind it to the network card for as long as the machine runs.
//!
//! SPEC: RFC 2131; options of RFC 2132, RFC 3396, RFC 3442.

mod exchange;
mod lease;
mod link;
mod message;
mod options;

pub use exchange::Silence;
pub(crate) use exchange::ask;
pub use lease::Lease;
pub(crate) use link::Udp;
pub use message::{Malformed, Message, Op};
pub use options::{Kind, Options, Route};

/// The longest message that is taken: what one Ethernet frame carries.
pub const MESSAGE_BYTES_MAX: usize = 1472;

/// An Ethernet address.
pub type Hardware = [u8; 6];
