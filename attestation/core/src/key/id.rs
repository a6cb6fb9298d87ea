//! How signed results name the key that signed them.

use core::fmt;

use aws_lc_rs::digest::{SHA256, digest};

use super::PublicKey;
use crate::bytes::hex::{self, Hex};

/// SHA-256 over a Verifier key's SPKI: `kid` in leases, Attestation Results, trust bundles and JWKS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId([u8; 32]);

impl KeyId {
    /// The id of a key.
    #[must_use]
    pub fn of(key: &PublicKey) -> Self {
        let hash = digest(&SHA256, key.spki());
        let mut id = [0; 32];
        id.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
        Self(id)
    }

    /// From the hex that [`fmt::Display`] writes; `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let id = hex::array(text).map(Self)?;
        (id.to_string() == text).then_some(id)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}
