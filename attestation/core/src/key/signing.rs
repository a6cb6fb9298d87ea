//! Private keys.

use core::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use pem_rfc7468::LineEnding;
use zeroize::Zeroizing;

use super::{KeyError, PublicKey, Signature};

/// SPEC: RFC 7468 section 10.
const PRIVATE_KEY: &str = "PRIVATE KEY";

/// A P-256 private key with its public half.
///
/// # Security
/// It signs whatever bytes it is given. Whoever holds one keeps signatures of different meaning
/// apart: by a label inside what is signed, or by a key for each meaning.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// Makes a new key that is never written anywhere.
    ///
    /// # Errors
    /// [`KeyError::Crypto`].
    pub fn generate() -> Result<Self, KeyError> {
        Self::of(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok())
            .ok_or(KeyError::Crypto)
    }

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

    /// Reads a stored key from PEM text with one `PRIVATE KEY` block.
    ///
    /// # Errors
    /// [`KeyError::Stored`] for every other text, and as [`Self::from_pkcs8`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let (label, der) =
            pem_rfc7468::decode_vec(text.trim().as_bytes()).map_err(|_| KeyError::Stored)?;
        let der = Zeroizing::new(der);
        if label == PRIVATE_KEY { Self::from_pkcs8(&der) } else { Err(KeyError::Stored) }
    }

    /// Makes a new key as PEM text, to be stored and then read by [`Self::from_pem`].
    ///
    /// # Errors
    /// [`KeyError::Crypto`].
    pub fn generate_pem() -> Result<Zeroizing<String>, KeyError> {
        pem_rfc7468::encode_string(PRIVATE_KEY, LineEnding::LF, &Self::generate_pkcs8()?)
            .map(Zeroizing::new)
            .map_err(|_| KeyError::Crypto)
    }

    /// Reads a stored key.
    ///
    /// # Errors
    /// [`KeyError::Stored`] if it is not the PKCS#8 form of a P-256 key.
    pub fn from_pkcs8(stored: &[u8]) -> Result<Self, KeyError> {
        Self::of(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, stored).ok())
            .ok_or(KeyError::Stored)
    }

    fn of(pair: Option<EcdsaKeyPair>) -> Option<Self> {
        let pair = pair?;
        let public = PublicKey::from_point(pair.public_key().as_ref()).ok()?;
        Some(Self { pair, public })
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs with ES256.
    ///
    /// # Errors
    /// [`KeyError::Crypto`].
    pub fn sign(&self, message: &[u8]) -> Result<Signature, KeyError> {
        let signature =
            self.pair.sign(&SystemRandom::new(), message).map_err(|_| KeyError::Crypto)?;
        Signature::from_slice(signature.as_ref()).ok_or(KeyError::Crypto)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, private half redacted)", self.public.thumbprint())
    }
}
