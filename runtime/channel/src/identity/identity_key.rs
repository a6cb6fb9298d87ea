//! The key that names one boot of one runtime.

use core::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use cloister_attestation::bytes::Digest48;

use super::{KeyError, PublicKey, Signature};
use crate::name::InstanceId;

/// `IK`: made in guest memory at boot, bound into Evidence, never exported.
///
/// It signs session proofs and the lease requests that certify a channel key. The two are
/// different CBOR types with different labels, so neither signature can pass for the other.
pub struct IdentityKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl IdentityKey {
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

    /// The instance that this key names.
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        InstanceId::of(self.thumbprint())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<Signature, KeyError> {
        sign_fixed(&self.pair, message)
    }
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityKey({}, private half redacted)", self.thumbprint())
    }
}

pub(super) fn generate_pair() -> Result<(EcdsaKeyPair, PublicKey), KeyError> {
    let pair =
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| KeyError::Crypto)?;
    let public = PublicKey::from_point(pair.public_key().as_ref())?;
    Ok((pair, public))
}

pub(crate) fn sign_fixed(pair: &EcdsaKeyPair, message: &[u8]) -> Result<Signature, KeyError> {
    let signature = pair.sign(&SystemRandom::new(), message).map_err(|_| KeyError::Crypto)?;
    Signature::from_slice(signature.as_ref()).ok_or(KeyError::Crypto)
}
