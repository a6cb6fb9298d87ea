//! Sizes that input may have, each with the reason for its value.

/// One record. The largest that a runtime writes holds a peer, an operation and the names of the
/// policies that decided: below 3 KiB.
pub const RECORD_BYTES_MAX: usize = 16 * 1024;

/// One signed checkpoint: two names, a key, a hash and a signature.
pub const CHECKPOINT_BYTES_MAX: usize = 1024;

/// The start of a log: an origin and the frontier of what is not in it.
pub(crate) const HEAD_BYTES_MAX: usize = 4096;

/// Hashes in one proof. A tree of 2^64 leaves has paths of 64; a consistency proof has one more.
pub const PATH_MAX: usize = 65;

/// One text in a record. Names of agents, images and policies are at most half of it.
pub(crate) const TEXT_BYTES_MAX: usize = 256;

/// Policies named in one decision; more are counted.
pub const POLICIES_NAMED_MAX: usize = 8;
