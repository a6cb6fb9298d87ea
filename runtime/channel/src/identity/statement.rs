//! What an identity key signs about one connection: a COSE_Sign1 with ES256 that names no key, since
//! the lease does.

use cloister_attestation::cose::{self, Header};
use cloister_attestation::jws;

use super::{IdentityKey, KeyError, PublicKey};

/// A statement that is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatementError {
    /// Not the one shape that statements have.
    Malformed(&'static str),
    /// Not signed by the expected key.
    Signature,
}

impl IdentityKey {
    /// Signs `statement`.
    pub(crate) fn state(&self, statement: &[u8]) -> Result<Vec<u8>, KeyError> {
        cose::sign(&Header { kid: b"", typ: None }, statement, |form| self.sign(form))
    }

    /// Signs `payload` as a compact JWS of the kind `typ`. Its bytes are none that [`Self::state`]
    /// or a lease request signs: those are CBOR.
    pub(crate) fn state_as_jws(&self, typ: &str, payload: &[u8]) -> Result<String, KeyError> {
        jws::sign(typ, payload, self.key())
    }
}

/// The statement in `signed`, once `key` is known to have made it.
pub(crate) fn stated_by(key: &PublicKey, signed: &[u8]) -> Result<Vec<u8>, StatementError> {
    let message = cose::parse(signed, None)
        .map_err(|_| StatementError::Malformed("proof is not a COSE_Sign1 with ES256"))?;
    if !message.kid().is_empty() {
        return Err(StatementError::Malformed("proof names a key"));
    }
    message.verified_by(key).map_err(|_| StatementError::Signature)
}
