//! The audit log of this boot: in guest memory, and on a disk where there is one.
//!
//! ```text
//!  gateway, channels, membership --> AuditLog --> tree, shelf (memory)
//!       ^                               |
//!       |                               +--> writer thread --> disk: one sync for many records
//!       +------- acknowledged -----------------------------------+
//! ```
//!
//! **Acknowledged** means: with a folder, that the record is in a file and the file was synced;
//! without one, that the record is in guest memory. A log in memory ends with its VM: what was not
//! exported is gone.
//!
//! A checkpoint, with proofs that the log only grew, is shown to the Verifier with the Evidence for
//! each lease, which binds its digest, and in between while the log grows; what the Verifier was
//! shown, peers are shown, and sign that they were.
//!
//! The folder is the host's. It can lose the log, and then nothing more is dispatched; it can cut
//! off its end; it cannot change what precedes a checkpoint that it leaves there, and cannot have
//! this boot continue anything: a log belongs to one identity key, and a new boot begins a new file
//! beside the old one.

#[cfg(test)]
mod crash;
mod disk;
mod error;
mod events;
mod log;
mod shelf;
mod strangers;

pub use error::AuditLogError;
pub(crate) use error::CODES;
pub(crate) use log::{AuditLog, Owner, Peer};
