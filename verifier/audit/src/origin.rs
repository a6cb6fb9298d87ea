//! Whose log it is.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::key::PublicKey;
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::wire;

/// The runtime that a log or a checkpoint says that it is of: one boot, named by its identity key.
///
/// # Security
/// A claim, until a checkpoint under this key verifies and somebody who attested the key, by a
/// lease, says whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Origin {
    /// The trust domain.
    #[n(0)]
    pub trust_domain: String,
    /// The agent's name.
    #[n(1)]
    pub agent: String,
    /// The identity key, DER of its SubjectPublicKeyInfo.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    #[serde(serialize_with = "wire::as_hex")]
    pub identity_key: Vec<u8>,
}

impl Origin {
    /// The identity key; `None` if it is not one.
    #[must_use]
    pub fn key(&self) -> Option<PublicKey> {
        PublicKey::from_spki(&self.identity_key).ok()
    }

    /// SHA-384 over the identity key: how a lease names it.
    #[must_use]
    pub fn thumbprint(&self) -> Digest48 {
        Digest48::sha384(&self.identity_key)
    }

    /// The instance that the key names: the first 16 bytes of its thumbprint, in hex.
    #[must_use]
    pub fn instance(&self) -> String {
        let thumbprint = self.thumbprint();
        hex::encode(thumbprint.as_bytes().split_at_checked(16).unwrap_or_default().0)
    }

    pub(crate) fn fits(&self) -> bool {
        wire::fits(&self.trust_domain) && wire::fits(&self.agent) && self.key().is_some()
    }
}
