//! The TLS leaf key of one lease.

use core::fmt;

use aws_lc_rs::signature::EcdsaKeyPair;
use cloister_attestation::bytes::Digest48;

use super::identity_key::{generate_pair, sign_fixed};
use super::{KeyError, PublicKey, Signature};

/// `CK`: made fresh for each lease, so at most minutes old; never exported.
pub struct ChannelKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl ChannelKey {
    /// Makes a new key.
    ///
    /// # Errors
    /// [`KeyError::Crypto`].
    pub fn generate() -> Result<Self, KeyError> {
        let (pair, public) = generate_pair()?;
        Ok(Self { pair, public })
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// DER of the public half's SubjectPublicKeyInfo.
    #[must_use]
    pub const fn spki(&self) -> &[u8] {
        self.public.spki()
    }

    /// SHA-384 over [`Self::spki`].
    #[must_use]
    pub const fn thumbprint(&self) -> &Digest48 {
        self.public.thumbprint()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Signature, KeyError> {
        sign_fixed(&self.pair, message)
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
