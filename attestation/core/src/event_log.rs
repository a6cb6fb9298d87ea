//! Event logs: what the firmware says it measured, checked against the registers that were signed.
//!
//! ```text
//!  bytes --EventLog::parse--> EventLog --EventLog::verify--> VerifiedLog
//!                             believed     ^                 per event: what the register
//!                             by nobody    VerifiedRegisters  vouches for
//! ```
//!
//! A register holds the hash of every digest that was extended into it, in order. A log explains
//! a register if replaying its digests gives the register's value. Three things follow, and this
//! module keeps them apart:
//!
//! - the order and the digests are vouched for by the register;
//! - an event's payload is vouched for only if hashing it gives the digest ([`Assertion`]);
//! - an event's type, and a payload that is only a name for what was hashed, are vouched for by
//!   nobody. They label an event for people and decide nothing.
//!
//! What this module deliberately does not do: believe a register that is not in a verified quote,
//! or read the SHA-1 log format of TPM 1.2.
//!
//! Read first: [`EventLog`] and [`VerifiedLog`].

mod algorithm;
mod assertion;
pub mod codes;
mod demand;
mod error;
mod event;
mod event_type;
mod header;
mod label;
mod log;
mod mismatch;
mod payload;
mod registers;
mod replay;
mod runtime;
mod verified;

pub use algorithm::{HashAlgorithm, TaggedDigest};
pub use assertion::Assertion;
pub use demand::{EventLogDemand, Presence, ReplayedLog};
pub use error::ParseError;
pub use event::Event;
pub use event_type::EventType;
pub use header::SpecId;
pub use log::{EventLog, LogKind};
pub use mismatch::LogRefused;
pub use payload::{TaggedEvent, UefiVariable};
pub use registers::{Register, Registers, VerifiedRegisters};
pub use verified::{VerifiedEvent, VerifiedLog};
