//! Signing keys derived from the seed, and the algorithm identifiers that go with them.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING,
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA384, RsaPssSaltLength,
};
use cloister_attestation::bytes::Digest48;
use const_oid::ObjectIdentifier;
use rsa::pkcs1::{DecodeRsaPublicKey, EncodeRsaPrivateKey};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};

use crate::prime::{EXPONENT, prime};
use crate::stream::Stream;
use crate::{asn1, cache};

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");

/// Bytes of one prime of an RSA-4096 key.
const PRIME_BYTES: usize = 256;

/// How a certificate or CRL says that it is signed, and how it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PSS with SHA-384 and MGF1-SHA-384.
    RsaPssSha384 {
        /// The salt length that the identifier states, in bytes.
        declared_salt: u8,
        /// The salt that the signature has.
        salt: Salt,
        /// Whether the trailer field is written out although it has its default value. AMD's roots
        /// and intermediates do so, its leaves do not.
        trailer: bool,
    },
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384.
    EcdsaP384Sha384,
}

impl Algorithm {
    /// What AMD writes into roots, intermediates and CRLs.
    pub const AMD_AUTHORITY: Self =
        Self::RsaPssSha384 { declared_salt: 48, salt: Salt::Bytes48, trailer: true };
    /// What AMD writes into VCEK and VLEK certificates.
    pub const AMD_LEAF: Self =
        Self::RsaPssSha384 { declared_salt: 48, salt: Salt::Bytes48, trailer: false };

    /// The encoded `AlgorithmIdentifier`.
    pub(crate) fn identifier(self) -> Vec<u8> {
        match self {
            Self::RsaPssSha384 { declared_salt, trailer, .. } => {
                pss_identifier(declared_salt, trailer)
            }
            Self::EcdsaP256Sha256 => asn1::sequence([asn1::oid(&ECDSA_SHA256)]),
            Self::EcdsaP384Sha384 => asn1::sequence([asn1::oid(&ECDSA_SHA384)]),
        }
    }
}

fn pss_identifier(salt: u8, trailer: bool) -> Vec<u8> {
    let hash = asn1::sequence([asn1::oid(&SHA384), asn1::null()]);
    let mask = asn1::sequence([asn1::oid(&MGF1), hash.clone()]);
    let mut parameters = vec![
        asn1::explicit(0, &hash),
        asn1::explicit(1, &mask),
        asn1::explicit(2, &asn1::number(salt.into())),
    ];
    if trailer {
        parameters.push(asn1::explicit(3, &asn1::number(1)));
    }
    asn1::sequence([asn1::oid(&RSASSA_PSS), asn1::sequence(parameters)])
}

/// Length of the salt inside an RSASSA-PSS signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Salt {
    /// As long as the digest, as AMD has it.
    Bytes48,
    /// Shorter than AMD has it: for tests.
    Bytes32,
}

/// A private key that depends on the seed and its label alone.
#[derive(Debug)]
pub struct SigningKey {
    pair: Pair,
    spki: Vec<u8>,
}

#[derive(Debug)]
enum Pair {
    Rsa(RsaKeyPair),
    /// The same scalar twice: once for DER signatures, once for `r || s`.
    Ecdsa {
        der: EcdsaKeyPair,
        fixed: EcdsaKeyPair,
    },
}

impl SigningKey {
    /// RSA-4096. Seconds the first time, then from the cache on disk.
    pub(crate) fn rsa4096(seed: &str, label: &str) -> Self {
        let usable = |der: &[u8]| RsaKeyPair::from_der(der).is_ok();
        Self::rsa(&cache::get_or_derive(seed, label, usable, || {
            derive_rsa(seed, label, PRIME_BYTES)
        }))
    }

    /// RSA-4096. Seconds each time, and nothing of it stays on the disk.
    pub(crate) fn rsa4096_uncached(seed: &str, label: &str) -> Self {
        Self::rsa(&derive_rsa(seed, label, PRIME_BYTES))
    }

    /// RSA-2048. A fraction of a second the first time, then from the cache on disk.
    pub(crate) fn rsa2048(seed: &str, label: &str) -> Self {
        let usable = |der: &[u8]| RsaKeyPair::from_der(der).is_ok();
        let derive = || derive_rsa(seed, label, PRIME_BYTES / 2);
        Self::rsa(&cache::get_or_derive(seed, label, usable, derive))
    }

    /// RSA-2048. A fraction of a second each time, and nothing of it stays on the disk.
    pub(crate) fn rsa2048_uncached(seed: &str, label: &str) -> Self {
        Self::rsa(&derive_rsa(seed, label, PRIME_BYTES / 2))
    }

    fn rsa(der: &[u8]) -> Self {
        let pair = RsaKeyPair::from_der(der).expect("the key was checked or just made");
        let algorithm = asn1::sequence([asn1::oid(&RSA_ENCRYPTION), asn1::null()]);
        let spki = asn1::sequence([algorithm, asn1::bit_string(pair.public_key().as_ref())]);
        Self { pair: Pair::Rsa(pair), spki }
    }

    /// ECDSA on P-256.
    pub(crate) fn p256(seed: &str, label: &str) -> Self {
        let algorithms = (&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P256_SHA256_FIXED_SIGNING);
        Self::ecdsa::<32>(&mut Stream::new(seed, label), algorithms, &P256)
    }

    /// ECDSA on P-384.
    pub(crate) fn p384(seed: &str, label: &str) -> Self {
        let algorithms = (&ECDSA_P384_SHA384_ASN1_SIGNING, &ECDSA_P384_SHA384_FIXED_SIGNING);
        Self::ecdsa::<48>(&mut Stream::new(seed, label), algorithms, &P384)
    }

    fn ecdsa<const N: usize>(
        stream: &mut Stream,
        algorithms: (&'static EcdsaSigningAlgorithm, &'static EcdsaSigningAlgorithm),
        curve: &ObjectIdentifier,
    ) -> Self {
        // A scalar of zero or above the order is refused; the next bytes are as good.
        loop {
            let der = sec1(&stream.array::<N>(), curve);
            let pair = |algorithm| EcdsaKeyPair::from_private_key_der(algorithm, &der);
            if let (Ok(der), Ok(fixed)) = (pair(algorithms.0), pair(algorithms.1)) {
                let algorithm = asn1::sequence([asn1::oid(&EC_PUBLIC_KEY), asn1::oid(curve)]);
                let spki = asn1::sequence([algorithm, asn1::bit_string(der.public_key().as_ref())]);
                return Self { pair: Pair::Ecdsa { der, fixed }, spki };
            }
        }
    }

    /// The DER of the SubjectPublicKeyInfo.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// SHA-384 of [`Self::spki`]: how a trust anchor names this key.
    #[must_use]
    pub fn pin(&self) -> Digest48 {
        Digest48::sha384(&self.spki)
    }

    /// The public key as the SPKI's bit string holds it: PKCS#1 for RSA, `04 || x || y` for ECDSA.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_ref(),
            Pair::Ecdsa { der, .. } => der.public_key().as_ref(),
        }
    }

    /// The modulus of an RSA key, big-endian without leading zeros.
    ///
    /// # Panics
    /// On another key.
    pub(crate) fn modulus(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(_) => RsaPublicKey::from_pkcs1_der(self.public_key())
                .expect("aws-lc encodes its own keys")
                .n()
                .to_bytes_be(),
            Pair::Ecdsa { .. } => unreachable!("a virtual TPM's keys are RSA"),
        }
    }

    /// An RSASSA-PKCS1-v1_5 signature with SHA-256, as a virtual TPM makes it.
    ///
    /// # Panics
    /// On an ECDSA key.
    pub(crate) fn sign_pkcs1_sha256(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
                    .expect("an RSA key signs");
                signature
            }
            Pair::Ecdsa { .. } => unreachable!("a virtual TPM's keys are RSA"),
        }
    }

    /// A signature in the form that certificates and CRLs carry.
    pub(crate) fn sign_x509(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        match (&self.pair, algorithm) {
            (Pair::Rsa(pair), Algorithm::RsaPssSha384 { salt, .. }) => {
                sign_pss(pair, salt, message)
            }
            (Pair::Rsa(pair), Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP384Sha384) => {
                sign_pss(pair, Salt::Bytes48, message)
            }
            (Pair::Ecdsa { der, .. }, _) => sign_ecdsa(der, message),
        }
    }

    /// An ECDSA signature as `r || s`, big-endian.
    ///
    /// # Panics
    /// On an RSA key.
    pub(crate) fn sign_fixed(&self, message: &[u8]) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(_) => unreachable!("reports, quotes and collateral are signed with ECDSA"),
            Pair::Ecdsa { fixed, .. } => sign_ecdsa(fixed, message),
        }
    }
}

fn sign_pss(pair: &RsaKeyPair, salt: Salt, message: &[u8]) -> Vec<u8> {
    let encoding = match salt {
        Salt::Bytes48 => &RSA_PSS_SHA384,
        Salt::Bytes32 => {
            &const { RSA_PSS_SHA384.with_pss_salt_length(RsaPssSaltLength::Custom(32)) }
        }
    };
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(encoding, &SystemRandom::new(), message, &mut signature).expect("an RSA key signs");
    signature
}

fn sign_ecdsa(pair: &EcdsaKeyPair, message: &[u8]) -> Vec<u8> {
    pair.sign(&SystemRandom::new(), message).expect("an ECDSA key signs").as_ref().to_vec()
}

/// SPEC: RFC 5915 section 3, without the optional public key.
fn sec1(scalar: &[u8], curve: &ObjectIdentifier) -> Vec<u8> {
    asn1::sequence([
        asn1::number(1),
        asn1::octet_string(scalar),
        asn1::explicit(0, &asn1::oid(curve)),
    ])
}

fn derive_rsa(seed: &str, label: &str, prime_bytes: usize) -> Vec<u8> {
    let factor =
        |which: &str| prime(&mut Stream::new(seed, &format!("{label}/{which}")), prime_bytes);
    let (p, q) = std::thread::scope(|scope| {
        let p = scope.spawn(|| factor("p"));
        let q = factor("q");
        (p.join().expect("the other half of the search does not panic"), q)
    });
    let key = RsaPrivateKey::from_p_q(p, q, EXPONENT.into()).expect("two such primes make a key");
    key.to_pkcs1_der().expect("a valid key encodes").as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::SigningKey;

    #[test]
    fn the_same_seed_and_label_give_the_same_keys() {
        assert_eq!(SigningKey::p256("s", "l").spki(), SigningKey::p256("s", "l").spki());
        assert_ne!(SigningKey::p256("s", "l").spki(), SigningKey::p256("t", "l").spki());
        assert_ne!(SigningKey::p384("s", "l").spki(), SigningKey::p384("s", "m").spki());
    }
}
