//! The key that names one boot of one runtime.

use core::fmt;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::cose::{self, Header};
use cloister_attestation::key::SigningKey;

use super::{KeyError, PublicKey, Signature};
use crate::name::InstanceId;

/// `IK`: made in guest memory at boot, bound into Evidence, never exported.
///
/// It signs session proofs, renewals on open channels, the lease requests that certify a channel
/// key, checkpoints of the audit log, delegations, and whose the key is that signs cards. Each has a
/// label of its own, so no signature can pass for another.
pub struct IdentityKey {
    key: SigningKey,
}

impl IdentityKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`KeyError::Crypto`].
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self { key: SigningKey::generate()? })
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        self.key.public()
    }

    /// DER of the public half's SubjectPublicKeyInfo.
    #[must_use]
    pub const fn spki(&self) -> &[u8] {
        self.key.public().spki()
    }

    /// SHA-384 over [`Self::spki`].
    #[must_use]
    pub const fn thumbprint(&self) -> &Digest48 {
        self.key.public().thumbprint()
    }

    /// The instance that this key names.
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        InstanceId::of(self.thumbprint())
    }

    pub(super) const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Signs `payload` as a message of a media type of its own.
    ///
    /// # Security
    /// What this key states about connections names no media type, and is read only without one:
    /// neither can pass for the other. The caller gives every kind of message its own type.
    ///
    /// # Errors
    /// [`KeyError::Crypto`].
    pub fn sign_typed(&self, typ: &'static str, payload: &[u8]) -> Result<Vec<u8>, KeyError> {
        cose::sign(&Header { kid: b"", typ: Some(typ) }, payload, |form| self.sign(form))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Signature, KeyError> {
        self.key.sign(message)
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityKey({}, private half redacted)", self.thumbprint())
    }
}
