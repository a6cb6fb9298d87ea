//! What a runtime did, in a log that nobody can rewrite unnoticed: an append-only Merkle tree of
//! records, with checkpoints that the runtime's identity key signs.
//!
//! ```text
//!  Event --Record::encode--> bytes --Hash::leaf--> Range (the tree's frontier) --root--+
//!    |                         |                                                       v
//!    |                       Frame  --file, wire-->  Replay: every hash,      Checkpoint, signed
//!    |                                               order and signature               |
//!    +-- Outcome refers to the record that was written before dispatch                 |
//!                                     Growth: consistency proof between two checkpoints+
//! ```
//!
//! The tree is that of RFC 9162 (and RFC 6962): SHA-256, leaves and nodes apart by their first
//! byte. A log belongs to one boot of one runtime: its key is the identity key, so what another
//! boot wrote, or a host pretends that it wrote, is never continued.
//!
//! What this crate deliberately does not do: store anything, read a clock, hold a key, or say that
//! a log is complete. What follows the last checkpoint that somebody else has seen can be cut off
//! by whoever keeps the bytes; what precedes it cannot be changed.
//!
//! No record has a secret or a message in it. Messages, and the names that callers choose for
//! tasks and contexts, are there as digests: enough to show that something was said, and to test a
//! guess of what it was.
//!
//! Read first: [`Record`], [`Range`] and [`Replay`].
#![forbid(unsafe_code)]

mod checkpoint;
mod error;
mod frame;
mod growth;
mod hash;
mod limits;
mod origin;
mod proof;
mod range;
pub mod record;
mod replay;
mod wire;

pub use checkpoint::{CHECKPOINT_TYPE, Checkpoint, SignedCheckpoint, check_extension};
pub use error::{AuditError, CODES, codes};
pub use frame::{Frame, Frames, HEAD_LEN, Head, Kind, ReadError};
pub use growth::Growth;
pub use hash::Hash;
pub use limits::{CHECKPOINT_BYTES_MAX, PATH_MAX, RECORD_BYTES_MAX};
pub use origin::Origin;
pub use proof::{ConsistencyProof, InclusionProof};
pub use range::Range;
pub use record::{Event, Record};
pub use replay::{Progress, Replay, Step};
