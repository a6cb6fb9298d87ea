//! Checkpoints: the size and root of a log at one moment, signed by its runtime.

use cloister_attestation::time::UnixTime;
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::error::AuditError;
use crate::hash::Hash;
use crate::origin::Origin;
use crate::proof::ConsistencyProof;
use crate::signed::{self, Signed, Statement};

/// The media type of a signed checkpoint.
pub const CHECKPOINT_TYPE: &str = "application/cloister-audit-checkpoint+cose";

/// The first entry of what is signed.
const LABEL: &str = "cloister/audit-checkpoint/1";

/// The size and root of a log at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Checkpoint {
    #[n(0)]
    #[serde(skip)]
    label: String,
    /// Whose log it is.
    #[n(1)]
    pub origin: Origin,
    /// How many records the log has.
    #[n(2)]
    pub size: u64,
    /// The root of the tree over them.
    #[n(3)]
    pub root: Hash,
    /// When it was signed, by the runtime's clock.
    #[n(4)]
    #[cbor(with = "crate::wire::time")]
    pub at: UnixTime,
}

impl Checkpoint {
    /// A log's checkpoint.
    #[must_use]
    pub fn new(origin: Origin, size: u64, root: Hash, at: UnixTime) -> Self {
        Self { label: LABEL.to_owned(), origin, size, root, at }
    }

    /// Whether the two cannot be of one log, whatever anybody proves: one size and two roots.
    #[must_use]
    pub fn contradicts(&self, other: &Self) -> bool {
        self.origin == other.origin && self.size == other.size && self.root != other.root
    }
}

impl Statement for Checkpoint {
    const TYPE: &'static str = CHECKPOINT_TYPE;

    fn signer(&self) -> &Origin {
        &self.origin
    }

    fn payload(&self) -> Result<Vec<u8>, AuditError> {
        signed::encode(self)
    }

    fn read(payload: &[u8]) -> Result<Self, AuditError> {
        let read: Self = signed::decode(payload)?;
        if read.label == LABEL {
            Ok(read)
        } else {
            Err(Self::malformed("it is of another version"))
        }
    }

    fn malformed(reason: &'static str) -> AuditError {
        AuditError::Checkpoint(reason)
    }
}

/// A checkpoint that the key which it names has signed. Evidence binds its digest.
pub type SignedCheckpoint = Signed<Checkpoint>;

impl Signed<Checkpoint> {
    /// What was signed.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        self.statement()
    }
}

/// Checks that `later` extends `earlier`, as `proof` shows: that the log only grew.
///
/// # Errors
/// [`AuditError::Equivocation`] if the two cannot be checkpoints of one log that only grew, or
/// nothing shows that they are.
pub fn check_extension(
    earlier: &Checkpoint,
    later: &Checkpoint,
    proof: &ConsistencyProof,
) -> Result<(), AuditError> {
    let refused = || AuditError::Equivocation { earlier: earlier.size, later: later.size };
    let fits = earlier.origin == later.origin
        && earlier.at <= later.at
        && (proof.from, proof.to) == (earlier.size, later.size);
    if !fits {
        return Err(refused());
    }
    proof.verify(earlier.root, later.root).map_err(|_| refused())
}
