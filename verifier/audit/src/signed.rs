//! Statements about logs that an identity key signs.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::cose;

use crate::error::AuditError;
use crate::limits::CHECKPOINT_BYTES_MAX;
use crate::origin::Origin;

/// A statement that names the key which has to sign it.
pub trait Statement: Sized {
    /// The media type of the COSE_Sign1. It keeps the signature from passing for any other that the
    /// identity key makes, and any other from passing for this one.
    const TYPE: &'static str;

    /// Whose key signs.
    fn signer(&self) -> &Origin;

    /// The bytes to sign.
    ///
    /// # Errors
    /// [`AuditError`] if a name in it has no such form.
    fn payload(&self) -> Result<Vec<u8>, AuditError>;

    /// Reads signed bytes; refuses anything that [`Self::payload`] would not have written.
    ///
    /// # Errors
    /// [`AuditError`].
    fn read(payload: &[u8]) -> Result<Self, AuditError>;

    /// Why bytes are no such statement.
    fn malformed(reason: &'static str) -> AuditError;
}

/// A statement that the key which it names has signed.
///
/// # Security
/// Whose key that is, somebody has to say who attested it: compare [`Origin::thumbprint`] with a
/// lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed<T> {
    statement: T,
    bytes: Vec<u8>,
}

impl<T: Statement> Signed<T> {
    /// Has `signer` sign `statement`: it is given the media type and the payload of the COSE_Sign1
    /// to make, and has to hold the key that the statement names.
    ///
    /// # Errors
    /// As [`Self::parse`], and the signer's own.
    pub fn sign<E: From<AuditError>>(
        statement: &T,
        signer: impl FnOnce(&'static str, &[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        Ok(Self::parse(&signer(T::TYPE, &statement.payload()?)?)?)
    }

    /// Reads received bytes and verifies the signature under the key that they name.
    ///
    /// # Errors
    /// [`AuditError`]: the statement's own, or [`AuditError::Signature`].
    pub fn parse(bytes: &[u8]) -> Result<Self, AuditError> {
        if bytes.len() > CHECKPOINT_BYTES_MAX {
            return Err(T::malformed("it is longer than 1 KiB"));
        }
        let message = cose::parse(bytes, Some(T::TYPE))
            .map_err(|_| T::malformed("it is not a COSE_Sign1 of that type"))?;
        // SECURITY: read before it is verified, because it names the key. Nothing of it is used
        // but that key, until the signature over all of it holds.
        let named = message.clone().dangerous_unverified_payload();
        let claimed = T::read(&named)?;
        let key = claimed.signer().key().ok_or_else(|| T::malformed("it names no key"))?;
        message.verified_by(&key).map_err(|_| AuditError::Signature)?;
        Ok(Self { statement: claimed, bytes: bytes.to_vec() })
    }

    /// What was signed.
    #[must_use]
    pub const fn statement(&self) -> &T {
        &self.statement
    }

    /// As it travels.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-384 over [`Self::bytes`].
    #[must_use]
    pub fn digest(&self) -> Digest48 {
        Digest48::sha384(&self.bytes)
    }
}

/// Reads deterministic CBOR with a label: `label` is the one that `T` has.
pub(crate) fn decode<'b, T>(payload: &'b [u8]) -> Result<T, AuditError>
where
    T: Statement + minicbor::Decode<'b, ()>,
{
    let read: T = minicbor::decode(payload)
        .map_err(|_| T::malformed("it is not of the form that such statements have"))?;
    if read.payload()? != payload {
        return Err(T::malformed("it is of another version, or not in deterministic form"));
    }
    Ok(read)
}

/// Writes it.
pub(crate) fn encode<T>(statement: &T) -> Result<Vec<u8>, AuditError>
where
    T: Statement + minicbor::Encode<()>,
{
    if !statement.signer().fits() {
        return Err(T::malformed("its origin names nobody"));
    }
    minicbor::to_vec(statement).map_err(|_| T::malformed("it cannot be written"))
}
