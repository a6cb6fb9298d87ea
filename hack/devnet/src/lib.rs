//! A whole Cloister on one machine, for the demo and for end-to-end tests: a Verifier, enclaves
//! as separate processes, agents on the official A2A SDKs, and things that go wrong on purpose.
//!
//! The programs under test are the shipped binaries, started as anybody would start them. Only the
//! hardware is missing: [`enclave`] stands in for a host that launches confidential VMs, measures
//! what it launches with `cloister-simulator`, and offers each guest a socket in place of the
//! security processor. Nothing here proves anything about hardware, and every result says so.
#![forbid(unsafe_code)]
#![allow(
    clippy::missing_errors_doc,
    reason = "every function here fails with an anyhow error for a person to read"
)]

pub mod ask;
pub mod connected;
mod declaration;
pub mod demo;
pub mod enclave;
pub mod http;
pub mod image;
pub mod machine;
pub mod mesh;
pub mod narrator;
pub mod node;
pub mod process;
pub mod python;
pub mod summary;
pub mod used;
pub mod verifier;
pub mod view;
pub mod workspace;
