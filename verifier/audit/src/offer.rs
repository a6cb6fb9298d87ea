//! A checkpoint that is shown to somebody, with what shows that the log only grew.

use cloister_attestation::cbor::Writer;
use minicbor::Decoder;

use crate::checkpoint::{Checkpoint, SignedCheckpoint, check_extension};
use crate::error::AuditError;
use crate::limits::OFFERED_PROOFS_MAX;
use crate::proof::ConsistencyProof;

/// A checkpoint, and a proof from each size that the one who is shown it may have been shown before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What is shown.
    pub checkpoint: SignedCheckpoint,
    /// At most [`OFFERED_PROOFS_MAX`] of them.
    pub proofs: Vec<ConsistencyProof>,
}

impl Offer {
    /// Reads received bytes, and verifies the checkpoint's signature.
    ///
    /// # Errors
    /// [`AuditError`] if any of it does not read.
    pub fn parse(
        checkpoint: &[u8],
        proofs: impl ExactSizeIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<Self, AuditError> {
        if proofs.len() > OFFERED_PROOFS_MAX {
            return Err(AuditError::Proof);
        }
        let proofs = proofs.map(|proof| ConsistencyProof::from_bytes(proof.as_ref()));
        let proofs = proofs.collect::<Result<_, _>>()?;
        Ok(Self { checkpoint: SignedCheckpoint::parse(checkpoint)?, proofs })
    }

    /// Checks that the log is the one that `held` is of, and only grew since.
    ///
    /// # Errors
    /// [`AuditError::Fork`] if the two cannot be of one log, [`AuditError::Equivocation`] if nothing
    /// shows that they are, [`AuditError::Origin`] if they say that they are not.
    pub fn extends(&self, held: &Checkpoint) -> Result<(), AuditError> {
        let shown = self.checkpoint.checkpoint();
        if shown.origin != held.origin {
            let (expected, observed) = (held.origin.thumbprint(), shown.origin.thumbprint());
            let (expected, observed) = (expected.to_string(), observed.to_string());
            return Err(AuditError::Origin { expected, observed });
        }
        if shown.contradicts(held) {
            return Err(AuditError::Fork { size: held.size });
        }
        if shown.size == held.size {
            return Ok(());
        }
        let unproved = AuditError::Equivocation { earlier: held.size, later: shown.size };
        let proof = self.proofs.iter().find(|proof| proof.from == held.size);
        check_extension(held, shown, proof.ok_or(unproved)?)
    }

    /// Writes it as an array of the checkpoint and the proofs.
    pub(crate) fn write(&self, e: &mut Writer) {
        e.array(2).bytes(self.checkpoint.bytes()).array(self.proofs.len());
        self.proofs.iter().for_each(|proof| {
            e.bytes(&proof.to_bytes());
        });
    }

    pub(crate) fn read(d: &mut Decoder<'_>) -> Result<Self, AuditError> {
        let malformed = |_| AuditError::Message;
        if d.array().map_err(malformed)? != Some(2) {
            return Err(AuditError::Message);
        }
        let checkpoint = d.bytes().map_err(malformed)?;
        let proofs = d.array_iter::<&minicbor::bytes::ByteSlice>().map_err(malformed)?;
        // One more than is permitted is enough to see that there are too many.
        let proofs = proofs.take(OFFERED_PROOFS_MAX.saturating_add(1));
        let proofs = proofs.collect::<Result<Vec<_>, _>>().map_err(malformed)?;
        Self::parse(checkpoint, proofs.iter().map(|proof| &***proof))
    }
}
