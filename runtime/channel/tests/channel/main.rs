//! The channel against an adversary: every test runs real TLS connections in memory and real
//! sessions over them, and changes one thing.
//!
//! The adversary writes its messages with an encoder of its own ([`adversary`]), so that the wire
//! format is checked by a second implementation as well.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected should stop there"
)]

mod attacks;
mod codes;
mod credentials;
mod delegations;
mod documents;
mod evidence;
mod following;
mod handshake;
mod lease_bytes;
mod lease_text;
mod leases;
mod life;
mod model;
mod properties;
mod publications;
mod remembered;
mod sessions;
mod simulation;
mod svids;
mod trust;
mod visits;

use cloister_domain::{adversary, link, visit, world};
