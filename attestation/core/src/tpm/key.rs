//! Attestation keys, and whether one of them signed.

use core::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey,
};

use super::digest::HashAlgorithm;
use super::signature::{Scheme, Signature};
use crate::bytes::Digest48;

/// The least length of an RSA modulus in bits.
pub(crate) const RSA_BITS_MIN: usize = 2048;
/// The greatest: no TPM has longer keys.
pub(crate) const RSA_BITS_MAX: usize = 4096;

/// The public key that quotes are verified with.
///
/// # Security
/// Holding one says nothing: who vouches for it decides what its quotes are worth.
#[derive(Clone, PartialEq, Eq)]
pub struct AttestationKey(Key);

#[derive(Clone, PartialEq, Eq)]
enum Key {
    /// Modulus, big-endian without leading zeros. The exponent is 65537.
    Rsa(Vec<u8>),
    /// `04 || x || y` on P-256.
    P256([u8; 65]),
    /// `04 || x || y` on P-384.
    P384([u8; 97]),
}

/// The one exponent that is accepted: what every TPM uses by default.
// SPEC: TPM 2.0 Part 2, section 12.2.3.5, TPMS_RSA_PARMS.
pub(crate) const RSA_EXPONENT: [u8; 3] = [1, 0, 1];

impl AttestationKey {
    /// An RSA key with the exponent 65537, by its big-endian modulus.
    ///
    /// # Errors
    /// In words: a leading zero, or a length outside of 2048 to 4096 bits.
    pub fn rsa(modulus: &[u8]) -> Result<Self, String> {
        let Some(first) = modulus.first().filter(|byte| **byte != 0) else {
            return Err("a modulus that is empty or begins with zero".to_owned());
        };
        let unused = usize::try_from(first.leading_zeros()).unwrap_or(usize::MAX);
        let bits = modulus.len().saturating_mul(8).saturating_sub(unused);
        if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
            return Err(format!("a modulus of {bits} bits, expected 2048 to 4096"));
        }
        Ok(Self(Key::Rsa(modulus.to_vec())))
    }

    /// A key on P-256 or P-384, by its coordinates. That the point is on the curve is checked when
    /// it is used.
    pub(super) fn ecc(x: &[u8], y: &[u8]) -> Option<Self> {
        let point = [&[4], x, y].concat();
        let key = match (x.len(), y.len()) {
            (32, 32) => Key::P256(point.try_into().ok()?),
            (48, 48) => Key::P384(point.try_into().ok()?),
            _ => return None,
        };
        Some(Self(key))
    }

    /// The modulus of an RSA key.
    #[must_use]
    pub fn modulus(&self) -> Option<&[u8]> {
        match &self.0 {
            Key::Rsa(modulus) => Some(modulus),
            Key::P256(_) | Key::P384(_) => None,
        }
    }

    /// Whether this key made `signature` over `message`, with an algorithm that fits the key.
    pub(super) fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let value = signature.value();
        match (&self.0, signature.scheme(), signature.hash()) {
            (Key::Rsa(modulus), Scheme::Rsassa | Scheme::Rsapss, hash) => {
                let parameters = rsa_parameters(signature.scheme(), hash);
                let key =
                    RsaPublicKeyComponents { n: modulus.as_slice(), e: RSA_EXPONENT.as_slice() };
                parameters.is_some_and(|with| key.verify(with, message, value).is_ok())
            }
            (Key::P256(point), Scheme::Ecdsa, HashAlgorithm::Sha256) => {
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(message, value).is_ok()
            }
            (Key::P384(point), Scheme::Ecdsa, HashAlgorithm::Sha384) => {
                let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point);
                key.verify(message, value).is_ok()
            }
            (Key::Rsa(_) | Key::P256(_) | Key::P384(_), _, _) => false,
        }
    }

    fn bytes(&self) -> &[u8] {
        match &self.0 {
            Key::Rsa(modulus) => modulus,
            Key::P256(point) => point,
            Key::P384(point) => point,
        }
    }
}

const fn rsa_parameters(scheme: Scheme, hash: HashAlgorithm) -> Option<&'static RsaParameters> {
    match (scheme, hash) {
        (Scheme::Rsassa, HashAlgorithm::Sha256) => Some(&RSA_PKCS1_2048_8192_SHA256),
        (Scheme::Rsassa, HashAlgorithm::Sha384) => Some(&RSA_PKCS1_2048_8192_SHA384),
        (Scheme::Rsapss, HashAlgorithm::Sha256) => Some(&RSA_PSS_2048_8192_SHA256),
        (Scheme::Rsapss, HashAlgorithm::Sha384) => Some(&RSA_PSS_2048_8192_SHA384),
        (Scheme::Ecdsa, _) => None,
    }
}

impl fmt::Display for AttestationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.0 {
            Key::Rsa(_) => "RSA",
            Key::P256(_) => "P-256",
            Key::P384(_) => "P-384",
        };
        write!(f, "{kind} key {}", Digest48::sha384(self.bytes()))
    }
}

impl fmt::Debug for AttestationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AttestationKey({self})")
    }
}
