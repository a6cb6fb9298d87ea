//! The TLS leaf key of one lease.

use core::fmt;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::key::SigningKey;

use super::{KeyError, PublicKey, Signature};

/// `CK`: made fresh for each lease, so at most minutes old; never exported.
pub struct ChannelKey {
    key: SigningKey,
}

impl ChannelKey {
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

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Signature, KeyError> {
        self.key.sign(message)
    }

    /// Signs in the DER form that TLS uses.
    pub(crate) fn sign_der(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.sign(message).map(Signature::to_der)
    }
}

impl fmt::Debug for ChannelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChannelKey({}, private half redacted)", self.thumbprint())
    }
}
