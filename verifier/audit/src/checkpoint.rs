//! Checkpoints: the size and root of a log at one moment, signed by its runtime.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::cose;
use cloister_attestation::time::UnixTime;
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::error::AuditError;
use crate::hash::Hash;
use crate::limits::CHECKPOINT_BYTES_MAX;
use crate::origin::Origin;
use crate::proof::ConsistencyProof;

/// The media type of a signed checkpoint. It keeps the signature from passing for any other that
/// the identity key makes, and any other from passing for this one.
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

    /// The bytes to sign as a COSE_Sign1 of the type [`CHECKPOINT_TYPE`].
    ///
    /// # Errors
    /// [`AuditError::Checkpoint`] if the origin has no such form.
    pub fn payload(&self) -> Result<Vec<u8>, AuditError> {
        if !self.origin.fits() {
            return Err(AuditError::Checkpoint("its origin names nobody"));
        }
        minicbor::to_vec(self).map_err(|_| AuditError::Checkpoint("it cannot be written"))
    }

    fn read(payload: &[u8]) -> Result<Self, AuditError> {
        let read: Self = minicbor::decode(payload)
            .map_err(|_| AuditError::Checkpoint("it is not of the form that checkpoints have"))?;
        if read.label != LABEL {
            return Err(AuditError::Checkpoint("it is of another version"));
        }
        if read.payload()? != payload {
            return Err(AuditError::Checkpoint("it is not in deterministic form"));
        }
        Ok(read)
    }
}

/// A checkpoint that the key which it names has signed.
///
/// # Security
/// Whose key that is, somebody has to say who attested it: compare [`Origin::thumbprint`] with a
/// lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    bytes: Vec<u8>,
}

impl SignedCheckpoint {
    /// Has `signer` sign `checkpoint`: it is given the media type and the payload of the
    /// COSE_Sign1 to make, and has to hold the identity key of the origin.
    ///
    /// # Errors
    /// As [`Self::parse`], and the signer's own.
    pub fn sign<E: From<AuditError>>(
        checkpoint: &Checkpoint,
        signer: impl FnOnce(&'static str, &[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        Ok(Self::parse(&signer(CHECKPOINT_TYPE, &checkpoint.payload()?)?)?)
    }

    /// Reads received bytes and verifies the signature under the key that they name.
    ///
    /// # Errors
    /// [`AuditError::Checkpoint`] or [`AuditError::Signature`].
    pub fn parse(bytes: &[u8]) -> Result<Self, AuditError> {
        if bytes.len() > CHECKPOINT_BYTES_MAX {
            return Err(AuditError::Checkpoint("it is longer than 1 KiB"));
        }
        let message = cose::parse(bytes, Some(CHECKPOINT_TYPE))
            .map_err(|_| AuditError::Checkpoint("it is not a COSE_Sign1 of that type"))?;
        // SECURITY: read before it is verified, because it names the key. Nothing of it is used
        // but that key, until the signature over all of it holds.
        let named = message.clone().dangerous_unverified_payload();
        let claimed = Checkpoint::read(&named)?;
        let key = claimed.origin.key().ok_or(AuditError::Checkpoint("it names no key"))?;
        message.verified_by(&key).map_err(|_| AuditError::Signature)?;
        Ok(Self { checkpoint: claimed, bytes: bytes.to_vec() })
    }

    /// What was signed.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// As it travels.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-384 over [`Self::bytes`]: what Evidence binds.
    #[must_use]
    pub fn digest(&self) -> Digest48 {
        Digest48::sha384(&self.bytes)
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
