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
//! The digest of a checkpoint, the log's head, is bound into the Evidence for each lease. Nobody
//! outside the runtime is given the checkpoint itself yet.
//!
//! The folder is the host's. It can lose the log, and then nothing more is dispatched; it can cut
//! off its end; it cannot change what precedes a checkpoint that it leaves there, and cannot have
//! this boot continue anything: a log belongs to one identity key, and a new boot begins a new file
//! beside the old one.

mod disk;
mod error;
mod events;
mod log;
mod shelf;
mod strangers;

pub use error::AuditLogError;
pub(crate) use error::CODES;
pub(crate) use log::{AuditLog, Owner};
