//! The two hashes that are accepted, and their values.

use core::fmt;

use aws_lc_rs::digest::{Context, SHA256, SHA384};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::bytes::{HexError, hex};
use crate::text;

const EXPECTED: &str = "expected hex of a SHA-256 or SHA-384 digest";

/// A hash algorithm of a PCR bank or of a signature.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HashAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
}

impl HashAlgorithm {
    /// From `TPM_ALG_ID`. SHA-1 and everything else is not accepted.
    // SPEC: TPM 2.0 Part 2, section 6.3, TPM_ALG_ID.
    pub(super) const fn from_id(id: u16) -> Option<Self> {
        match id {
            0x000b => Some(Self::Sha256),
            0x000c => Some(Self::Sha384),
            _ => None,
        }
    }

    /// Length of a digest in bytes.
    #[must_use]
    pub const fn digest_bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
        })
    }
}

/// A digest of one of the accepted algorithms. Prints and reads as lower-case hex, and its length
/// says which algorithm.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Digest {
    /// SHA-256.
    Sha256([u8; 32]),
    /// SHA-384.
    Sha384([u8; 48]),
}

impl Digest {
    /// Hashes `bytes`.
    #[must_use]
    pub fn of(algorithm: HashAlgorithm, bytes: &[u8]) -> Self {
        Self::of_parts(algorithm, [bytes])
    }

    /// Hashes parts, one after the other.
    #[must_use]
    pub fn of_parts<'a>(
        algorithm: HashAlgorithm,
        parts: impl IntoIterator<Item = &'a [u8]>,
    ) -> Self {
        let mut context = Context::new(match algorithm {
            HashAlgorithm::Sha256 => &SHA256,
            HashAlgorithm::Sha384 => &SHA384,
        });
        parts.into_iter().for_each(|part| context.update(part));
        Self::filled(algorithm, context.finish().as_ref())
    }

    /// What a PCR holds before anything is extended.
    #[must_use]
    pub fn zero(algorithm: HashAlgorithm) -> Self {
        Self::filled(algorithm, &[])
    }

    fn filled(algorithm: HashAlgorithm, bytes: &[u8]) -> Self {
        match algorithm {
            HashAlgorithm::Sha256 => Self::Sha256(filled(bytes)),
            HashAlgorithm::Sha384 => Self::Sha384(filled(bytes)),
        }
    }

    /// From a slice; `None` if its length is not the algorithm's.
    #[must_use]
    pub fn from_slice(algorithm: HashAlgorithm, bytes: &[u8]) -> Option<Self> {
        match algorithm {
            HashAlgorithm::Sha256 => bytes.try_into().ok().map(Self::Sha256),
            HashAlgorithm::Sha384 => bytes.try_into().ok().map(Self::Sha384),
        }
    }

    /// Which algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> HashAlgorithm {
        match self {
            Self::Sha256(_) => HashAlgorithm::Sha256,
            Self::Sha384(_) => HashAlgorithm::Sha384,
        }
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(bytes) => bytes,
            Self::Sha384(bytes) => bytes,
        }
    }
}

fn filled<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    out
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl core::str::FromStr for Digest {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        let short = hex::array(text).map(Self::Sha256);
        let read = short.or_else(|| hex::array(text).map(Self::Sha384));
        read.ok_or(HexError::of_bytes(48))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parse = |text: &str| text.parse().map_err(|_: HexError| EXPECTED);
        text::read(deserializer, parse)
    }
}
