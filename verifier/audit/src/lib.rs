//! What a runtime did, in a log that nobody can rewrite unnoticed: an append-only Merkle tree of
//! records, with checkpoints that the runtime's identity key signs.
//!
//! ```text
//!  Event --Record::encode--> bytes --Hash::leaf--> Range (the tree's frontier) --root--+
//!    |                         |                                                       v
//!    |                       Frame  --file, wire-->  Replay: every hash,      Checkpoint, signed
//!    |                                               order and signature               |
//!    +-- Outcome refers to the record that was written before dispatch                 |
//!                                                                                       v
//!              Growth: proofs between checkpoints --> Offer --> Verifier, Witness: extends?
//!              Audience: who has which              <-- Cosignature --'
//! ```
//!
//! The tree is that of RFC 9162 (and RFC 6962): SHA-256, leaves and nodes apart by their first
//! byte. A log belongs to one boot of one runtime: its key is the identity key, so what another
//! boot wrote, or a host pretends that it wrote, is never continued.
//!
//! What this crate deliberately does not do: store anything, read a clock, hold a key, or say that
//! a log is complete. What follows the last checkpoint that somebody else has seen can be cut off
//! by whoever keeps the bytes; what precedes it cannot be changed. A witness vouches for what it was
//! shown: two witnesses that are shown two logs learn of it only from somebody who hears of both.
//!
//! No record has a secret or a message in it. Messages, and the names that callers choose for
//! tasks and contexts, are there as digests: enough to show that something was said, and to test a
//! guess of what it was.
//!
//! Read first: [`Record`], [`Range`] and [`Replay`].
#![forbid(unsafe_code)]

mod audience;
mod checkpoint;
mod cosignature;
mod error;
mod exchange;
mod frame;
mod growth;
mod hash;
mod limits;
mod offer;
mod origin;
mod proof;
mod range;
pub mod record;
mod replay;
mod signed;
mod wire;
mod witness;

pub use audience::{Audience, Observer};
pub use checkpoint::{CHECKPOINT_TYPE, Checkpoint, SignedCheckpoint, check_extension};
pub use cosignature::{COSIGNATURE_TYPE, Cosignature, SignedCosignature};
pub use error::{AuditError, CODES, EQUIVOCATION, FORK, codes};
pub use exchange::Exchange;
pub use frame::{Frame, Frames, HEAD_LEN, Head, Kind, ReadError};
pub use growth::Growth;
pub use hash::Hash;
pub use limits::{
    CHECKPOINT_BYTES_MAX, EXCHANGE_BYTES_MAX, OFFERED_PROOFS_MAX, OFFERS_UNANSWERED_MAX, PATH_MAX,
    RECORD_BYTES_MAX, WITNESSES_MAX,
};
pub use offer::Offer;
pub use origin::Origin;
pub use proof::{ConsistencyProof, InclusionProof};
pub use range::Range;
pub use record::{Event, Record};
pub use replay::{Progress, Replay, Step, Vouch};
pub use signed::{Signed, Statement};
pub use witness::{Seen, Witness};
