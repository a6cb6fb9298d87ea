//! The Verifier's side: signing leases.

use core::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use zeroize::Zeroizing;

use super::{LeaseClaims, LeaseError, codec};
use crate::cose::{self, SignError};
use crate::identity::{KeyError, PublicKey, sign_fixed};
use crate::limits::LEASE_BYTES_MAX;
use crate::trust::KeyId;

/// The key that signs leases for one trust domain.
///
/// Unlike a runtime's keys it is kept across restarts: whoever holds it decides who is admitted.
pub struct LeaseSigner {
    pair: EcdsaKeyPair,
    public: PublicKey,
    kid: KeyId,
}

impl LeaseSigner {
    /// Makes a new key in PKCS#8 form, to be stored and then read by [`Self::from_pkcs8`].
    ///
    /// # Errors
    /// [`KeyError::Crypto`].
    pub fn generate_pkcs8() -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| KeyError::Crypto)?;
        let document = pair.to_pkcs8v1().map_err(|_| KeyError::Crypto)?;
        Ok(Zeroizing::new(document.as_ref().to_vec()))
    }

    /// Reads a stored key.
    ///
    /// # Errors
    /// [`KeyError::Stored`] if it is not the PKCS#8 form of a P-256 key.
    pub fn from_pkcs8(stored: &[u8]) -> Result<Self, KeyError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, stored)
            .map_err(|_| KeyError::Stored)?;
        let public = PublicKey::from_point(pair.public_key().as_ref())?;
        let kid = KeyId::of(&public);
        Ok(Self { pair, public, kid })
    }

    /// The public half, for trust bundles and JWKS.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// How leases and trust bundles name this key.
    #[must_use]
    pub const fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// Signs a lease.
    ///
    /// # Errors
    /// [`LeaseError`] for claims that no peer would accept: a lifetime beyond the limit, an empty
    /// or over-long text, a tier that admits nobody. [`LeaseError::Signing`] if signing failed.
    pub fn sign(&self, claims: &LeaseClaims) -> Result<Vec<u8>, LeaseError> {
        claims.check()?;
        let payload = codec::payload(claims)?;
        let lease = cose::sign(self.kid.as_bytes(), payload, |m| sign_fixed(&self.pair, m))
            .map_err(|error| match error {
                SignError::Signer(error) => LeaseError::Signing(error),
                SignError::Encoding => LeaseError::Signing(KeyError::Crypto),
            })?;
        if lease.len() > LEASE_BYTES_MAX {
            return Err(LeaseError::malformed("longer than 16 KiB"));
        }
        Ok(lease)
    }
}

impl fmt::Debug for LeaseSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LeaseSigner({}, private half redacted)", self.kid)
    }
}
