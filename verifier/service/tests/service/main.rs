//! The real service on a loopback port, with a data folder of its own and simulated enclaves.
//!
//! Time is the test's: service, certificates and clients read one clock that only a test moves.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected should stop there"
)]

mod admission;
mod appraisal;
mod azure;
mod checkpoints;
mod enclave;
mod endorsements;
mod http;
mod keys;
mod lifecycle;
mod operator;
mod policies;
mod process;
mod publications;
mod registry;
mod roll_over;
mod session;
mod world;
