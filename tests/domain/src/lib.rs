//! A trust domain for tests: one Verifier's keys, runtimes that it admitted, and TLS connections
//! between them in memory.
//!
//! Nothing here is attested: the Verifier signs what a test wants a lease to say. The adversary
//! writes its messages with an encoder of its own, so that the wire format is checked by a second
//! implementation as well.
//!
//! Read first: [`world::World`] and [`link::Link`].
#![forbid(unsafe_code)]
#![allow(
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test tool: it panics where the unexpected happens"
)]

pub mod adversary;
pub mod link;
pub mod random;
pub mod visit;
pub mod world;
