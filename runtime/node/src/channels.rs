//! Attested channels: accepted, dialled, pooled, carried, and closed in time.
//!
//! ```text
//!   listener --+                                  +-- inbound: HTTP/2 server -> gateway -> agent
//!              +-> TLS -> session -> Established -+
//!   attempt  --+           (link)     (carrier)   +-- outbound: HTTP/2 client
//!      ^                                                  ^
//!      +-- dialler: peers, breaker, queue    delivery: retries <- gateway <- agent
//! ```
//!
//! A visitor, of whom nothing is attested, comes by a way of its own (`visit`): it stands in another
//! table, has no keeper, since nothing renews a visit, and nothing here takes it for a peer.
//!
//! What carries HTTP is made from an [`cloister_channel::Established`] by value and from nothing
//! else, stands in the [`Table`] for as long as it lives, and has a keeper, which renews leases on a
//! stream of the channel's own.

mod attempt;
mod breaker;
mod budget;
mod carrier;
mod carry;
mod coalesce;
mod delivery;
mod dialler;
mod dialling;
mod end;
mod error;
mod facts;
mod freshness;
mod inbound;
mod judge;
mod keeper;
mod link;
mod listener;
mod outbound;
mod own_stream;
mod peers;
mod queue;
mod read_ahead;
mod replay;
mod requests;
mod table;
mod tape;
mod usage;
mod visit;
mod witness;
mod written;

pub use error::{CODES, ChannelError};
pub use facts::Facts;
pub use table::{Closing, Known, Notice, Registration, Table};
pub use visit::VisitFacts;

pub(crate) use breaker::BreakerState;
pub(crate) use dialler::{Dialler, DiallerOptions};
pub(crate) use freshness::Freshness;
pub(crate) use judge::Judge;
pub(crate) use listener::{Listener, ListenerOptions};
pub(crate) use visit::Visitors;

/// The peers that one runtime dials.
pub(crate) type PeerTable = peers::Peers<outbound::Outbound>;

/// All open channels of one runtime.
pub type ChannelTable = Table<Facts>;

/// All visitors of one runtime.
pub type VisitTable = Table<VisitFacts>;
