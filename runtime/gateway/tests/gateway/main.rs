//! Both request paths over real sockets: an agent, its runtime's inbound path on HTTP/2, a
//! caller's outbound path on HTTP/1.1, and a client.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test fails by panicking"
)]

mod agent;
mod audit;
mod bodies;
mod cards;
mod codes;
mod delegations;
mod forms;
mod grpc;
mod identity;
mod limits;
mod mcp;
mod network;
mod notes;
mod ownership;
mod proxy;
mod push;
mod refusals;
mod signatures;
mod streams;
mod visitors;
mod vouch;
