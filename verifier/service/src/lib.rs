//! The Verifier: appraises Evidence, admits measured images, issues leases, keeps the registry of
//! agents, revokes.
//!
//! ```text
//!   TLS 1.3 port: gRPC and HTTP/JSON
//!     |-- Enrolment  anybody                     admission --> cloister-attestation
//!     |-- Registry   a live lease's certificate  registry, checkpoints
//!     |-- Trust      anybody                     trust           v
//!     '-- Operator   the operator's token        operations    store (SQLite), state (keys)
//! ```
//!
//! The deciding is done in `cloister-attestation` and `cloister-channel`; this crate brings clock,
//! sockets, files and the database to it. Admission is default deny: no Reference Value, no lease.
//!
//! What this crate deliberately does not do: ask anybody but the configured services of AMD and
//! Intel, follow a redirect or a URL in a certificate, read a secret from a command line or the environment, or build without the code
//! that refuses.
//!
//! Read first: [`service::Verifier`] and [`admission::Admission`].
#![forbid(unsafe_code)]

pub mod admission;
mod app;
pub mod challenge;
pub mod checkpoints;
pub mod clock;
mod code;
pub mod config;
pub mod endorsements;
pub mod error;
mod grpc;
mod http;
pub mod limits;
pub mod metrics;
pub mod operations;
pub mod policies;
pub mod publications;
pub mod registry;
pub mod rotation;
mod server;
pub mod service;
pub mod start;
pub mod state;
pub mod store;
pub mod telemetry;
pub mod trust;
mod wire;

pub use clock::Clock;
pub use code::codes;
pub use config::Config;
pub use service::Verifier;
