//! Attested channels: accepted, dialled, pooled, carried, and closed in time.
//!
//! ```text
//!   listener --+                                  +-- inbound: HTTP/2 server -> gateway -> agent
//!              +-> TLS -> session -> Established -+
//!   dialler  --+           (link)     (carrier)   +-- pool: HTTP/2 client <- gateway <- agent
//! ```
//!
//! What carries HTTP is made from an [`cloister_channel::Established`] by value and from nothing
//! else, and stands in the [`Table`] for as long as it lives.

mod carrier;
mod dialler;
mod error;
mod facts;
mod inbound;
mod link;
mod listener;
mod outbound;
mod pool;
mod replay;
mod table;
mod usage;

pub use error::{CODES, ChannelError};
pub use facts::{Facts, subject};
pub use table::{Closing, Notice, Registration, Table};

pub(crate) use dialler::{Dialler, DiallerOptions};
pub(crate) use listener::{Listener, ListenerOptions};

/// All open channels of one runtime.
pub type ChannelTable = Table<Facts>;
