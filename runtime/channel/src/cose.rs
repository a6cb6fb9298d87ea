//! The one COSE_Sign1 shape that this crate reads and writes: ES256, embedded payload, at most a
//! `kid`, nothing unprotected, no tag, one encoding.
//!
//! SPEC: RFC 9052 section 4.2.

use coset::iana::Algorithm as Iana;
use coset::{
    Algorithm, CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder,
    RegisteredLabelWithPrivate, SignatureContext, sig_structure_data,
};

use crate::identity::Signature;

/// A received envelope that has the right shape. Its signature has not been verified.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    /// The key that the sender names.
    pub(crate) kid: Vec<u8>,
    /// The payload as received.
    pub(crate) payload: Vec<u8>,
    /// The bytes that the signature covers, built from the received parts.
    pub(crate) signed: Vec<u8>,
    /// The signature, of the right length.
    pub(crate) signature: Signature,
}

/// Bytes that do not have the shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EnvelopeError {
    /// The protected header names another algorithm than ES256, or none.
    Algorithm,
    /// Anything else.
    Malformed(&'static str),
}

impl Envelope {
    /// Reads received bytes; refuses anything that [`sign`] would not have written.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let sign1 = CoseSign1::from_slice(bytes)
            .map_err(|_| EnvelopeError::Malformed("not a COSE_Sign1"))?;
        if sign1.protected.header.alg != Some(es256()) {
            return Err(EnvelopeError::Algorithm);
        }
        let kid = sign1.protected.header.key_id.clone();
        let Some(signature) = Signature::from_slice(&sign1.signature) else {
            return Err(EnvelopeError::Malformed("signature is not 64 bytes"));
        };
        let Some(payload) = sign1.payload.clone() else {
            return Err(EnvelopeError::Malformed("payload is detached"));
        };
        // SECURITY: taken before anything is rebuilt: covers the protected header and payload
        // exactly as they were received.
        let signed = sign1.tbs_data(b"");
        if rebuilt(&kid, payload.clone(), signature).as_deref() != Some(bytes) {
            return Err(EnvelopeError::Malformed("has other parts or another encoding"));
        }
        Ok(Self { kid, payload, signed, signature })
    }
}

/// Signs `payload` with `signer`, which is given the bytes that the signature covers.
pub(crate) fn sign<E>(
    kid: &[u8],
    payload: Vec<u8>,
    signer: impl FnOnce(&[u8]) -> Result<Signature, E>,
) -> Result<Vec<u8>, SignError<E>> {
    let protected = coset::ProtectedHeader { original_data: None, header: header(kid) };
    let signed = sig_structure_data(SignatureContext::CoseSign1, protected, None, b"", &payload);
    let signature = signer(&signed).map_err(SignError::Signer)?;
    rebuilt(kid, payload, signature).ok_or(SignError::Encoding)
}

/// An envelope could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignError<E> {
    /// The key failed.
    Signer(E),
    /// The encoder failed.
    Encoding,
}

fn rebuilt(kid: &[u8], payload: Vec<u8>, signature: Signature) -> Option<Vec<u8>> {
    CoseSign1Builder::new()
        .protected(header(kid))
        .payload(payload)
        .signature(signature.as_bytes().to_vec())
        .build()
        .to_vec()
        .ok()
}

fn header(kid: &[u8]) -> coset::Header {
    HeaderBuilder::new().algorithm(Iana::ES256).key_id(kid.to_vec()).build()
}

const fn es256() -> Algorithm {
    RegisteredLabelWithPrivate::Assigned(Iana::ES256)
}
