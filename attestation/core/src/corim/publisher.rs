//! Keys of those who publish Reference Values.

use core::fmt;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};
use zeroize::Zeroizing;

use super::CorimError;
use crate::key::{KeyError, PublicKey, Signature, SigningKey};

// SPEC: RFC 9053 section 2.1.
const ES256: i128 = -7;
const ES384: i128 = -35;

/// The public key of one who publishes Reference Values.
#[derive(Clone, Debug)]
pub struct PublisherKey(Public);

#[derive(Clone, Debug)]
enum Public {
    P256(PublicKey),
    P384(ParsedPublicKey),
}

/// The SPKI of a P-384 key up to the point.
///
/// SPEC: RFC 5480 sections 2.1.1 and 2.2.
const P384_PREFIX: [u8; 23] = [
    0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
    0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00,
];
const P384_SPKI_LEN: usize = 120;
const P384_SIGNATURE_LEN: usize = 96;
const UNCOMPRESSED: u8 = 4;

impl PublisherKey {
    /// From PEM text with one `PUBLIC KEY` block: ECDSA on P-256 or P-384.
    ///
    /// # Errors
    /// [`CorimError::Key`].
    pub fn from_pem(text: &str) -> Result<Self, CorimError> {
        let decoded = pem_rfc7468::decode_vec(text.trim().as_bytes());
        let Ok(("PUBLIC KEY", spki)) = decoded else { return Err(CorimError::Key) };
        Self::from_spki(&spki)
    }

    /// From the DER of a SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`CorimError::Key`].
    pub fn from_spki(spki: &[u8]) -> Result<Self, CorimError> {
        if let Ok(key) = PublicKey::from_spki(spki) {
            return Ok(Self(Public::P256(key)));
        }
        let point = spki.strip_prefix(&P384_PREFIX).ok_or(CorimError::Key)?;
        if spki.len() != P384_SPKI_LEN || point.first() != Some(&UNCOMPRESSED) {
            return Err(CorimError::Key);
        }
        let parsed =
            ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).map_err(|_| CorimError::Key)?;
        Ok(Self(Public::P384(parsed)))
    }

    pub(super) const fn algorithm(&self) -> i128 {
        match self.0 {
            Public::P256(_) => ES256,
            Public::P384(_) => ES384,
        }
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Public::P256(key) => Signature::from_slice(signature)
                .is_some_and(|signature| key.verify(message, &signature).is_ok()),
            Public::P384(key) => {
                signature.len() == P384_SIGNATURE_LEN && key.verify_sig(message, signature).is_ok()
            }
        }
    }
}

/// The private key of one who publishes Reference Values.
pub struct PublisherSigningKey(Private);

enum Private {
    P256(SigningKey),
    P384(EcdsaKeyPair),
}

/// SPEC: RFC 7468 section 10.
const PRIVATE_KEY: &str = "PRIVATE KEY";

impl PublisherSigningKey {
    /// From PEM text with one `PRIVATE KEY` block (PKCS#8): ECDSA on P-256 or P-384.
    ///
    /// # Errors
    /// [`CorimError::SigningKey`].
    pub fn from_pem(text: &str) -> Result<Self, CorimError> {
        let decoded = pem_rfc7468::decode_vec(text.trim().as_bytes());
        let (label, der) = decoded.map_err(|_| CorimError::SigningKey)?;
        let der = Zeroizing::new(der);
        if label != PRIVATE_KEY {
            return Err(CorimError::SigningKey);
        }
        if let Ok(key) = SigningKey::from_pkcs8(&der) {
            return Ok(Self(Private::P256(key)));
        }
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &der);
        pair.map(|pair| Self(Private::P384(pair))).map_err(|_| CorimError::SigningKey)
    }

    /// The public half, which operators are given.
    ///
    /// # Errors
    /// [`CorimError::SigningKey`]: never for a key that was read.
    pub fn public(&self) -> Result<PublisherKey, CorimError> {
        match &self.0 {
            Private::P256(key) => Ok(PublisherKey(Public::P256(key.public().clone()))),
            Private::P384(pair) => {
                let point = pair.public_key().as_ref();
                ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point)
                    .map(|key| PublisherKey(Public::P384(key)))
                    .map_err(|_| CorimError::SigningKey)
            }
        }
    }

    pub(super) const fn algorithm(&self) -> i128 {
        match self.0 {
            Private::P256(_) => ES256,
            Private::P384(_) => ES384,
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, CorimError> {
        match &self.0 {
            Private::P256(key) => key
                .sign(message)
                .map(|signature| signature.as_bytes().to_vec())
                .map_err(CorimError::Signing),
            Private::P384(pair) => pair
                .sign(&SystemRandom::new(), message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| CorimError::Signing(KeyError::Crypto)),
        }
    }
}

impl From<SigningKey> for PublisherSigningKey {
    fn from(key: SigningKey) -> Self {
        Self(Private::P256(key))
    }
}

impl fmt::Debug for PublisherSigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublisherSigningKey(redacted)")
    }
}
