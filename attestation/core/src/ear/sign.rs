//! The Verifier's side: signing results.

use super::{Ear, EarError, Format, ResultKeys, verified};
use crate::cose::{self, Header};
use crate::jws;
use crate::key::{KeyId, PublicKey, SigningKey};
use crate::limits::RESULT_BYTES_MAX;

/// The key that signs results, and nothing else.
#[derive(Debug)]
pub struct ResultSigner {
    key: SigningKey,
    kid: KeyId,
}

impl ResultSigner {
    /// With a key that signs nothing but results.
    #[must_use]
    pub fn new(key: SigningKey) -> Self {
        let kid = KeyId::of(key.public());
        Self { key, kid }
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        self.key.public()
    }

    /// What verifies what this signs.
    #[must_use]
    pub fn keys(&self) -> ResultKeys {
        ResultKeys::new([self.public().clone()])
    }

    /// Signs a result. A JWT is ASCII text.
    ///
    /// # Errors
    /// [`EarError`] for claims that nobody would accept: a lifetime beyond the limit, an
    /// over-long text, a status better than its claims. [`EarError::Signing`] if signing failed.
    pub fn sign(&self, ear: &Ear, format: Format) -> Result<Vec<u8>, EarError> {
        let payload = ear.encode(format)?;
        verified::claims(&payload, format)?;
        let token = match format {
            Format::Jwt => jws::sign(format.typ(), &payload, &self.key).map(String::into_bytes),
            Format::Cwt => {
                let header = Header { kid: self.kid.as_bytes(), typ: Some(format.typ()) };
                cose::sign(&header, &payload, |message| self.key.sign(message))
            }
        };
        let token = token.map_err(EarError::Signing)?;
        if token.len() > RESULT_BYTES_MAX {
            return Err(EarError::malformed("longer than 64 KiB"));
        }
        Ok(token)
    }
}
