//! The Verifier's side: signing leases.

use core::fmt;

use cloister_attestation::cose::{self, Header};
use cloister_attestation::jws;
use cloister_attestation::key::SigningKey;
use zeroize::Zeroizing;

use super::{Form, JWT_TYP, LeaseClaims, LeaseError, codec, json};
use crate::identity::{KeyError, PublicKey};
use crate::trust::KeyId;

/// The key that signs leases for one trust domain.
///
/// Unlike a runtime's keys it is kept across restarts: whoever holds it decides who is admitted.
pub struct LeaseSigner {
    key: SigningKey,
    kid: KeyId,
}

impl LeaseSigner {
    /// Makes a new key in PKCS#8 form, to be stored and then read by [`Self::from_pkcs8`].
    ///
    /// # Errors
    /// [`KeyError::Crypto`].
    pub fn generate_pkcs8() -> Result<Zeroizing<Vec<u8>>, KeyError> {
        SigningKey::generate_pkcs8()
    }

    /// Reads a stored key.
    ///
    /// # Errors
    /// [`KeyError::Stored`] if it is not the PKCS#8 form of a P-256 key.
    pub fn from_pkcs8(stored: &[u8]) -> Result<Self, KeyError> {
        let key = SigningKey::from_pkcs8(stored)?;
        let kid = KeyId::of(key.public());
        Ok(Self { key, kid })
    }

    /// The public half, for trust bundles and JWKS.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        self.key.public()
    }

    /// How leases and trust bundles name this key.
    #[must_use]
    pub const fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// Signs a lease as a CWT.
    ///
    /// # Errors
    /// [`LeaseError`] for claims that no peer would accept: a lifetime beyond the limit, an empty
    /// or over-long text, a tier that admits nobody. [`LeaseError::Signing`] if signing failed.
    pub fn sign(&self, claims: &LeaseClaims) -> Result<Vec<u8>, LeaseError> {
        claims.check()?;
        let payload = codec::payload(claims)?;
        let header = Header { kid: self.kid.as_bytes(), typ: None };
        let lease = cose::sign(&header, &payload, |message| self.key.sign(message))
            .map_err(LeaseError::Signing)?;
        Form::Cwt.check_len(&lease)?;
        Ok(lease)
    }

    /// Signs a lease as a JWT: the same claims for whoever speaks only that.
    ///
    /// # Errors
    /// As [`Self::sign`].
    pub fn sign_jwt(&self, claims: &LeaseClaims) -> Result<String, LeaseError> {
        claims.check()?;
        let payload = json::payload(claims)?;
        let lease = jws::sign(JWT_TYP, &payload, &self.key).map_err(LeaseError::Signing)?;
        Form::Jwt.check_len(lease.as_bytes())?;
        Ok(lease)
    }
}

impl LeaseSigner {
    /// Signs a message of another kind, which its media type keeps from being taken for a lease.
    pub(crate) fn sign_other(&self, typ: &str, payload: &[u8]) -> Result<Vec<u8>, KeyError> {
        let header = Header { kid: self.kid.as_bytes(), typ: Some(typ) };
        cose::sign(&header, payload, |message| self.key.sign(message))
    }
}

impl fmt::Debug for LeaseSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LeaseSigner({}, private half redacted)", self.kid)
    }
}
