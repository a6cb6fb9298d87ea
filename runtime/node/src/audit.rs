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
//! without one, that the record is in guest memory, from where the signed checkpoints of it go to
//! the Verifier with every renewal and to peers with every channel. A log in memory ends with its
//! VM: what was not exported is gone, and the last checkpoint that somebody holds says how much.
//!
//! The folder is the host's. It can lose the log, and then nothing more is dispatched; it can cut
//! off what follows the last checkpoint that somebody else holds; it cannot change what precedes
//! one, and cannot have this boot continue anything: a log belongs to one identity key, and a new
//! boot begins a new file beside the old one.

mod disk;
mod error;
mod events;
mod log;
mod shelf;
mod strangers;

pub use error::AuditLogError;
pub(crate) use error::CODES;
pub(crate) use log::{AuditLog, Owner};
