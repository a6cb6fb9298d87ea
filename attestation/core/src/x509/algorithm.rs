//! The signature algorithms and three key types, recognised by their exact DER.
//!
//! A certificate is read as one of a PKI that signs with the three algorithms of AMD and Intel, or
//! as one of a PKI that signs with RSASSA-PKCS1-v1_5, as Azure's is. Never as either.

use std::sync::OnceLock;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA384,
    VerificationAlgorithm,
};

use super::error::X509Error;
use crate::bytes::hex;

/// A signature algorithm with all its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// RSASSA-PSS with SHA-384, MGF1 with SHA-384, a salt of 48 bytes, trailer field 1.
    RsaPssSha384,
    /// ECDSA with SHA-256, by a P-256 key.
    EcdsaP256Sha256,
    /// ECDSA with SHA-384, by a P-384 key.
    EcdsaP384Sha384,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaPkcs1Sha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaPkcs1Sha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaPkcs1Sha512,
}

/// The type of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// RSA, 2048 to 8192 bits.
    Rsa,
    /// The curve P-256.
    EcP256,
    /// The curve P-384.
    EcP384,
}

/// SPEC: RFC 4055 section 3.1. The trailer field has one legal value, its default. DER leaves
/// defaults out; AMD's Milan roots write it. Nothing else about the parameters may differ, so the
/// whole AlgorithmIdentifier is compared.
const RSA_PSS_SHA384: &[u8] = &[
    0x30, 0x41, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x34, 0xa0,
    0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00,
    0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30,
    0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0xa2, 0x03,
    0x02, 0x01, 0x30,
];
const RSA_PSS_SHA384_WITH_TRAILER: &[u8] = &[
    0x30, 0x46, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a, 0x30, 0x39, 0xa0,
    0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00,
    0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08, 0x30,
    0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0xa2, 0x03,
    0x02, 0x01, 0x30, 0xa3, 0x03, 0x02, 0x01, 0x01,
];
/// SPEC: RFC 5758 section 3.2: parameters are absent.
const ECDSA_SHA256: &[u8] =
    &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const ECDSA_SHA384: &[u8] =
    &[0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];

/// SPEC: RFC 8017 appendix A.2.4: parameters are NULL.
const PKCS1_SHA256: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00];
const PKCS1_SHA384: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c, 0x05, 0x00];
const PKCS1_SHA512: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d, 0x05, 0x00];

/// SPEC: RFC 3279 section 2.3.1: parameters are NULL.
const RSA: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/// SPEC: RFC 5480 section 2.1.1: the parameter is the named curve.
const EC_P256: &[u8] = &[
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x03, 0x01, 0x07,
];
const EC_P384: &[u8] = &[
    0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04,
    0x00, 0x22,
];

/// Longer than any identifier that is known; the longest has 72.
const SHOWN_BYTES_MAX: usize = 80;

impl SignatureAlgorithm {
    /// Recognises a whole AlgorithmIdentifier.
    pub(super) fn from_der(identifier: &[u8]) -> Result<Self, X509Error> {
        match identifier {
            RSA_PSS_SHA384 | RSA_PSS_SHA384_WITH_TRAILER => Ok(Self::RsaPssSha384),
            ECDSA_SHA256 => Ok(Self::EcdsaP256Sha256),
            ECDSA_SHA384 => Ok(Self::EcdsaP384Sha384),
            other => Err(unsupported("signature algorithm", other)),
        }
    }

    /// Recognises a whole AlgorithmIdentifier of RSASSA-PKCS1-v1_5, and no other.
    pub(super) fn from_pkcs1_der(identifier: &[u8]) -> Result<Self, X509Error> {
        match identifier {
            PKCS1_SHA256 => Ok(Self::RsaPkcs1Sha256),
            PKCS1_SHA384 => Ok(Self::RsaPkcs1Sha384),
            PKCS1_SHA512 => Ok(Self::RsaPkcs1Sha512),
            other => Err(unsupported("signature algorithm", other)),
        }
    }

    /// Reads a key that verifies signatures of this algorithm; `None` for one of another type.
    ///
    /// SECURITY: aws-lc takes the PSS salt length to be the digest's, 48 bytes, and refuses any
    /// other; the key type has to fit, so an ECDSA signature is never tried with another curve.
    fn key(self, (kind, key): (KeyAlgorithm, &[u8])) -> Option<ParsedPublicKey> {
        let algorithm: &'static dyn VerificationAlgorithm = match (self, kind) {
            (Self::RsaPssSha384, KeyAlgorithm::Rsa) => &RSA_PSS_2048_8192_SHA384,
            (Self::EcdsaP256Sha256, KeyAlgorithm::EcP256) => &ECDSA_P256_SHA256_ASN1,
            (Self::EcdsaP384Sha384, KeyAlgorithm::EcP384) => &ECDSA_P384_SHA384_ASN1,
            (Self::RsaPkcs1Sha256, KeyAlgorithm::Rsa) => &RSA_PKCS1_2048_8192_SHA256,
            (Self::RsaPkcs1Sha384, KeyAlgorithm::Rsa) => &RSA_PKCS1_2048_8192_SHA384,
            (Self::RsaPkcs1Sha512, KeyAlgorithm::Rsa) => &RSA_PKCS1_2048_8192_SHA512,
            (_, KeyAlgorithm::Rsa | KeyAlgorithm::EcP256 | KeyAlgorithm::EcP384) => return None,
        };
        ParsedPublicKey::new(algorithm, key).ok()
    }
}

/// The key of one certificate, read for the first signature that it verifies and kept for more.
#[derive(Clone, Default)]
pub(super) struct KeptKey(OnceLock<(SignatureAlgorithm, Option<ParsedPublicKey>)>);

impl KeptKey {
    /// Whether `signature` over `message` is by `key`, which is the same in every call.
    pub(super) fn verifies(
        &self,
        algorithm: SignatureAlgorithm,
        key: (KeyAlgorithm, &[u8]),
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let verifies = |key: &ParsedPublicKey| key.verify_sig(message, signature).is_ok();
        match self.0.get_or_init(|| (algorithm, algorithm.key(key))) {
            (kept_for, kept) if *kept_for == algorithm => kept.as_ref().is_some_and(verifies),
            _ => algorithm.key(key).as_ref().is_some_and(verifies),
        }
    }
}

impl KeyAlgorithm {
    /// Recognises a whole AlgorithmIdentifier.
    pub(super) fn from_der(identifier: &[u8]) -> Result<Self, X509Error> {
        match identifier {
            RSA => Ok(Self::Rsa),
            EC_P256 => Ok(Self::EcP256),
            EC_P384 => Ok(Self::EcP384),
            other => Err(unsupported("key algorithm", other)),
        }
    }
}

fn unsupported(what: &'static str, identifier: &[u8]) -> X509Error {
    // Of a hostile one, only the beginning: it may be as long as what it stands in.
    let shown = identifier.get(..SHOWN_BYTES_MAX).unwrap_or(identifier);
    X509Error::Algorithm { what, observed: hex::encode(shown) }
}
