//! Visits: a client without an enclave verifies a runtime, and proves nothing itself.
//!
//! ```text
//!   visitor (dialled, no certificate)               host (accepted)
//!   ----------------------------------------------------------------------------------
//!   greeting: nonce, intended agent  ---------->    the own agent? Heard::Visitor, admit
//!   verify: lease, keys, exporter, nonce   <----    proof
//!   Reached
//!   first application bytes  ------------------>    Heard::Received
//! ```
//!
//! TLS has an application protocol of its own ([`crate::tls::VISIT_ALPN`]), under which the client
//! shows no certificate; the statement has a label and an exporter of its own. So a visit never
//! comes of a failed mutual handshake, and neither side can be talked out of a channel into a
//! visit: [`crate::session::Session`] rides on no such connection, and an
//! [`crate::session::Established`] is never made here. Whoever serves a visitor knows nothing
//! about it, and says so to policy and to the agent.
//!
//! # Contract
//! As for a session: no socket, no clock. Give [`Host`] and [`Visitor`] the bytes of the other end
//! as they come out of TLS, bound the time that they take by [`Host::deadline`] and
//! [`Visitor::deadline`], and after an error close the connection and say nothing. A visit does not
//! renew: it ends with the lease that it was begun under.

mod host;
mod message;
mod statement;
mod visitor;

pub use host::{Heard, Host, Received};
pub use visitor::{Reached, Visitor};
