//! The shipped binaries together: a Verifier, runtimes, agents on the official SDKs.
//!
//! Run `cargo build --workspace --all-targets` first; `cargo ci` does.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that finds something else than it expects has to stop"
)]

mod adversary;
mod agentleak;
mod binaries;
mod cards;
mod machines;
mod mcp;
mod measured_boot;
mod namespace;
mod network;
mod official_sdks;
mod operation;
mod outside;
mod pairings;
mod program;
mod publications;
mod push;
mod relay;
mod relying;
mod roll_over;
mod story;
mod visits;
