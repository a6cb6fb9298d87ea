//! The runtime inside a confidential VM: admitted by a Verifier, it runs one agent and carries the
//! agent's traffic over attested channels.
//!
//! ```text
//!   agent.toml (measured)   node.toml (the host's)
//!         |                     |
//!         +--> Runtime::start --+
//!                |
//!                +-- membership   enrol, renew        <--> Verifier
//!                +-- watch        revocations         <--- Verifier
//!                +-- state        phase, credentials, trust: every transition
//!                +-- audit        what is done, on record first
//!                +-- agent        supervisor, fence   ---> agent process
//!                +-- egress       the agent's way out  ---> declared destinations
//!                +-- channels     listener, dialler   <--> peers
//!                +-- surface      the agent's calls   <--- agent
//!                +-- operator     health, metrics     <--- operator
//!                '-- document     what this is        <--- anybody
//! ```
//!
//! This crate composes: attestation is appraised by the Verifier, sessions are judged by
//! `cloister-channel`, operations by `cloister-policy`, HTTP is carried by `cloister-gateway`.
//! What it deliberately does not do: start the agent before admission, serve a local surface to
//! anybody but this machine, take anything that trust depends on from the host, or keep a channel
//! open whose leases do not permit it any more.
//!
//! Read first: [`boot::Runtime`] and [`phase::Phase`].
#![forbid(unsafe_code)]

pub mod addresses;
mod agent;
pub mod attest;
mod audit;
pub mod boot;
pub mod channels;
pub mod clock;
mod codes;
pub mod config;
pub mod declared_image;
mod delegation;
mod document;
mod doors;
mod egress;
pub mod enrol;
mod fence;
pub mod guest;
pub mod limits;
pub mod logging;
mod loopback;
mod membership;
pub mod metrics;
mod operator;
pub mod phase;
mod press;
mod published;
mod random;
pub mod renewal;
pub mod serve;
mod showing;
mod state;
pub mod supervisor;
mod surface;
#[cfg(test)]
mod testing;
mod tools;
pub mod verifier;
mod vouch;
mod watch;
pub mod workload;

pub use audit::AuditLogError;
pub use boot::{BootError, Runtime};
pub use cloister_gateway::backoff;
pub use codes::codes;
pub use config::{AgentConfig, ConfigError, NodeConfig};
pub use fence::Surroundings;
