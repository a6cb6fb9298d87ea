//! Sizes that input may have, each with the reason for its value.

/// One record. The largest that a runtime writes holds a peer, an operation and the names of the
/// policies that decided: below 3 KiB.
pub const RECORD_BYTES_MAX: usize = 16 * 1024;

/// One signed checkpoint or cosignature: two names, a key, a hash and a signature.
pub const CHECKPOINT_BYTES_MAX: usize = 1024;

/// The start of a log: an origin and the frontier of what is not in it.
pub(crate) const HEAD_BYTES_MAX: usize = 4096;

/// Hashes in one proof. A tree of 2^64 leaves has paths of 64; a consistency proof has one more.
pub const PATH_MAX: usize = 65;

/// Peers whose logs a runtime keeps the newest checkpoint of, and peers that it lets keep its own.
/// Each takes a few KiB.
pub const WITNESSES_MAX: usize = 64;

/// Checkpoints that somebody was shown and has not answered for. More than one are there only where
/// answers were lost.
pub const OFFERS_UNANSWERED_MAX: usize = 3;

/// Proofs with one checkpoint: from what is held, and from each that is unanswered.
pub const OFFERED_PROOFS_MAX: usize = OFFERS_UNANSWERED_MAX + 1;

/// One message between witnesses: a checkpoint with the longest proofs, and a cosignature.
pub const EXCHANGE_BYTES_MAX: usize = 16 * 1024;

/// One text in a record. Names of agents, images and policies are at most half of it.
pub(crate) const TEXT_BYTES_MAX: usize = 256;

/// Policies named in one decision; more are counted.
pub const POLICIES_NAMED_MAX: usize = 8;
