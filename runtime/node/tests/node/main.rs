//! Whole runtimes in one process, with a real Verifier and a simulated TEE.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop where it stands"
)]

mod admission;
mod adversary;
mod agent;
mod audit;
mod calls;
mod client;
mod connections;
mod diversion;
mod documents;
mod expiry;
mod fence;
mod freshness;
mod grpc;
mod guard;
mod key_exchange;
mod node;
mod relay;
mod renewals;
mod revocation;
mod rogue;
mod stranger;
mod tools;
mod visitor;
mod visits;
mod world;
