//! Cosignatures: what a peer says that it saw of a log.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::time::UnixTime;
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::checkpoint::Checkpoint;
use crate::error::AuditError;
use crate::hash::Hash;
use crate::origin::Origin;
use crate::signed::{self, Signed, Statement};

/// The media type of a cosignature.
pub const COSIGNATURE_TYPE: &str = "application/cloister-audit-cosignature+cose";

/// The first entry of what is signed.
const LABEL: &str = "cloister/audit-cosignature/1";

/// A witness's word that it was shown a log of this size and root, and saw it only grow.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Cosignature {
    #[n(0)]
    #[serde(skip)]
    label: String,
    /// Who saw it.
    #[n(1)]
    pub witness: Origin,
    /// Whose log it is: thumbprint of its identity key.
    #[n(2)]
    #[cbor(with = "crate::wire::digest")]
    pub log: Digest48,
    /// From this size on every tree that the witness was shown extends the one before.
    #[n(3)]
    pub since: u64,
    /// The size that it was shown.
    #[n(4)]
    pub size: u64,
    /// The root over that many records.
    #[n(5)]
    pub root: Hash,
    /// When, by the witness's clock.
    #[n(6)]
    #[cbor(with = "crate::wire::time")]
    pub at: UnixTime,
}

impl Cosignature {
    /// Over what `checkpoint` says.
    #[must_use]
    pub fn over(checkpoint: &Checkpoint, witness: Origin, since: u64, at: UnixTime) -> Self {
        Self {
            label: LABEL.to_owned(),
            witness,
            log: checkpoint.origin.thumbprint(),
            since,
            size: checkpoint.size,
            root: checkpoint.root,
            at,
        }
    }

    /// Whether it is over what `checkpoint` says.
    #[must_use]
    pub fn is_over(&self, checkpoint: &Checkpoint) -> bool {
        self.log == checkpoint.origin.thumbprint()
            && (self.size, self.root) == (checkpoint.size, checkpoint.root)
    }
}

impl Statement for Cosignature {
    const TYPE: &'static str = COSIGNATURE_TYPE;

    fn signer(&self) -> &Origin {
        &self.witness
    }

    fn payload(&self) -> Result<Vec<u8>, AuditError> {
        signed::encode(self)
    }

    fn read(payload: &[u8]) -> Result<Self, AuditError> {
        let read: Self = signed::decode(payload)?;
        if read.label != LABEL || read.since > read.size {
            return Err(Self::malformed("it is of another version, or of no tree"));
        }
        Ok(read)
    }

    fn malformed(reason: &'static str) -> AuditError {
        AuditError::Cosignature(reason)
    }
}

/// A cosignature that the key which it names has signed.
pub type SignedCosignature = Signed<Cosignature>;
