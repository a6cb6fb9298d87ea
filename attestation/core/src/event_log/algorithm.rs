//! Hash algorithms by their TCG names, and digests that say which of them made them.

use core::fmt;

use aws_lc_rs::digest;

/// A hash algorithm of a log.
// SPEC: TCG Algorithm Registry, section 6 "Hash Algorithms" (TPM_ALG_ID).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum HashAlgorithm {
    /// SHA-1. Recorded and replayed, good for no conclusion: collisions are affordable.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// Another, whose digests can be skipped and not computed.
    Other(u16),
}

impl HashAlgorithm {
    /// By its `TPM_ALG_ID`.
    #[must_use]
    pub const fn from_id(id: u16) -> Self {
        match id {
            0x0004 => Self::Sha1,
            0x000b => Self::Sha256,
            0x000c => Self::Sha384,
            0x000d => Self::Sha512,
            other => Self::Other(other),
        }
    }

    /// By the name that [`fmt::Display`] prints.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512]
            .into_iter()
            .find(|algorithm| algorithm.to_string() == name)
    }

    /// Length of a digest in bytes; `None` where only a log can say.
    #[must_use]
    pub const fn digest_len(self) -> Option<usize> {
        match self {
            Self::Sha1 => Some(20),
            Self::Sha256 => Some(32),
            Self::Sha384 => Some(48),
            Self::Sha512 => Some(64),
            Self::Other(_) => None,
        }
    }

    /// The digest of `parts`, one after the other; `None` for an algorithm that is not known.
    #[must_use]
    pub fn digest(self, parts: &[&[u8]]) -> Option<TaggedDigest> {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
            Self::Other(_) => return None,
        };
        let mut context = digest::Context::new(algorithm);
        parts.iter().for_each(|part| context.update(part));
        Some(TaggedDigest { algorithm: self, bytes: context.finish().as_ref().into() })
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha1 => f.write_str("sha1"),
            Self::Sha256 => f.write_str("sha256"),
            Self::Sha384 => f.write_str("sha384"),
            Self::Sha512 => f.write_str("sha512"),
            Self::Other(id) => write!(f, "algorithm {id:#06x}"),
        }
    }
}

/// A digest and the algorithm that made it (`TPMT_HA`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TaggedDigest {
    algorithm: HashAlgorithm,
    bytes: Box<[u8]>,
}

impl TaggedDigest {
    /// A digest as received. `None` if the algorithm is known to make digests of another length.
    #[must_use]
    pub fn new(algorithm: HashAlgorithm, bytes: &[u8]) -> Option<Self> {
        let fits = algorithm.digest_len().is_none_or(|len| len == bytes.len());
        fits.then(|| Self { algorithm, bytes: bytes.into() })
    }

    /// Which algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// The digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether every byte is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.bytes.iter().all(|byte| *byte == 0)
    }
}

impl fmt::Display for TaggedDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
