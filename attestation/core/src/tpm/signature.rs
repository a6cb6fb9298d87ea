//! A signature as received: `TPMT_SIGNATURE`.

use super::digest::HashAlgorithm;
use super::error::{ParseError, finished, truncated};
use crate::bytes::Reader;

const WHAT: &str = "TPMT_SIGNATURE";
// SPEC: TPM 2.0 Part 2, section 6.3, TPM_ALG_ID.
pub(super) const ALG_RSASSA: u16 = 0x0014;
pub(super) const ALG_RSAPSS: u16 = 0x0016;
pub(super) const ALG_ECDSA: u16 = 0x0018;
pub(super) const ALG_NULL: u16 = 0x0010;

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5.
    Rsassa,
    /// RSASSA-PSS with a salt as long as the hash.
    Rsapss,
    /// ECDSA.
    Ecdsa,
}

impl Scheme {
    pub(super) const fn from_id(id: u16) -> Option<Self> {
        match id {
            ALG_RSASSA => Some(Self::Rsassa),
            ALG_RSAPSS => Some(Self::Rsapss),
            ALG_ECDSA => Some(Self::Ecdsa),
            _ => None,
        }
    }
}

/// A parsed signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    scheme: Scheme,
    hash: HashAlgorithm,
    /// The RSA signature, or `r || s` with both as long as the curve.
    value: Vec<u8>,
}

impl Signature {
    /// Parses exactly one `TPMT_SIGNATURE`.
    ///
    /// # Errors
    /// [`ParseError`]: another length, no signature at all, or an algorithm that is not accepted.
    // SPEC: TPM 2.0 Part 2, sections 11.3.4 (TPMT_SIGNATURE), 11.3.1 and 11.3.2.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let truncated = truncated(WHAT);
        let mut reader = Reader::new(bytes);
        let id = reader.u16_be().ok_or_else(&truncated)?;
        if id == ALG_NULL {
            return refuse("no signature: it was made with the null key".to_owned());
        }
        let Some(scheme) = Scheme::from_id(id) else {
            return refuse(format!("the algorithm {id:#06x}, expected RSASSA, RSAPSS or ECDSA"));
        };
        let id = reader.u16_be().ok_or_else(&truncated)?;
        let Some(hash) = HashAlgorithm::from_id(id) else {
            return refuse(format!("the hash {id:#06x}, expected SHA-256 or SHA-384"));
        };
        let mut value = reader.sized_be().ok_or_else(&truncated)?.to_vec();
        if scheme == Scheme::Ecdsa {
            let s = reader.sized_be().ok_or_else(&truncated)?;
            if s.len() != value.len() {
                return refuse("components of different lengths".to_owned());
            }
            value.extend_from_slice(s);
        }
        finished(&reader, WHAT)?;
        Ok(Self { scheme, hash, value })
    }

    /// How the key signed.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// What was hashed with, the PCR values included.
    #[must_use]
    pub const fn hash(&self) -> HashAlgorithm {
        self.hash
    }

    /// The RSA signature, or `r || s`.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }
}

const fn refuse(reason: String) -> Result<Signature, ParseError> {
    Err(ParseError::Signature { reason })
}
