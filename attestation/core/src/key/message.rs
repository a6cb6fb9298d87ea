//! A received message whose signature has not been verified yet.

use super::{KeyError, PublicKey, Signature};

/// A message with the shape of a signed one.
///
/// Its content is reachable through [`Self::verified_by`] alone.
#[derive(Clone, Debug)]
pub struct SignedMessage {
    kid: Vec<u8>,
    payload: Vec<u8>,
    signed: Vec<u8>,
    signature: Signature,
}

/// Bytes that do not have the shape of the expected signed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShapeError {
    /// Its header names another algorithm than ES256, or none.
    Algorithm,
    /// Its header says that it is a message of another kind.
    Kind,
    /// Anything else.
    Malformed(&'static str),
}

impl SignedMessage {
    pub(crate) const fn new(
        kid: Vec<u8>,
        payload: Vec<u8>,
        signed: Vec<u8>,
        signature: Signature,
    ) -> Self {
        Self { kid, payload, signed, signature }
    }

    /// The key that the sender names. Names are believed by nobody: this selects among keys that
    /// are trusted already.
    #[must_use]
    pub fn kid(&self) -> &[u8] {
        &self.kid
    }

    /// The payload as received, once `key` is known to have signed it.
    ///
    /// # Errors
    /// [`KeyError::Signature`] if it did not.
    pub fn verified_by(self, key: &PublicKey) -> Result<Vec<u8>, KeyError> {
        key.verify(&self.signed, &self.signature)?;
        Ok(self.payload)
    }

    /// The payload, for showing it to somebody who is told that nobody has verified it.
    #[must_use]
    pub fn dangerous_unverified_payload(self) -> Vec<u8> {
        self.payload
    }
}
