//! The one COSE_Sign1 shape that Cloister's own messages have: ES256, embedded payload, at most a
//! `kid` and a `typ`, nothing unprotected, no tag, one encoding.
//!
//! SPEC: RFC 9052 sections 4.2 and 4.4, RFC 9596.

use minicbor::data::Type;
use minicbor::{Decoder, decode};

use crate::cbor::Writer;
use crate::key::{ShapeError, Signature, SignedMessage};

const ALGORITHM: i64 = 1;
const KID: i64 = 4;
const TYP: i64 = 16;
/// SPEC: RFC 9053 section 2.1.
const ES256: i64 = -7;

/// What the protected header says beside the algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Names the signing key; left out where it is empty.
    pub kid: &'a [u8],
    /// The media type of the whole message, so that one kind is never taken for another.
    pub typ: Option<&'a str>,
}

/// Reads received bytes as a message of the kind `typ`; refuses anything that [`sign`] would not
/// have written. The caller bounds their length.
///
/// # Errors
/// [`ShapeError`].
pub fn parse(bytes: &[u8], typ: Option<&str>) -> Result<SignedMessage, ShapeError> {
    let (protected, payload, signature) =
        parts(bytes).map_err(|_| ShapeError::Malformed("not a COSE_Sign1"))?;
    let found = read_header(protected)?;
    let Some(signature) = Signature::from_slice(signature) else {
        return Err(ShapeError::Malformed("signature is not 64 bytes"));
    };
    if found.encode() != protected || envelope(protected, payload, &signature) != bytes {
        return Err(ShapeError::Malformed("has other parts or another encoding"));
    }
    if found.typ != typ {
        return Err(ShapeError::Kind);
    }
    // SECURITY: covers the protected header and payload exactly as they were received.
    let signed = to_be_signed(protected, payload);
    Ok(SignedMessage::new(found.kid.to_vec(), payload.to_vec(), signed, signature))
}

/// Signs `payload` with `signer`, which is given the bytes that the signature covers.
///
/// # Errors
/// The signer's own.
pub fn sign<E>(
    header: &Header<'_>,
    payload: &[u8],
    signer: impl FnOnce(&[u8]) -> Result<Signature, E>,
) -> Result<Vec<u8>, E> {
    let protected = header.encode();
    let signature = signer(&to_be_signed(&protected, payload))?;
    Ok(envelope(&protected, payload, &signature))
}

/// The `Sig_structure` of a COSE_Sign1 without external data: what its signature covers.
#[must_use]
pub fn to_be_signed(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut e = Writer::with_capacity(room(payload));
    e.array(4).text("Signature1").bytes(protected).bytes(b"").bytes(payload);
    e.into_bytes()
}

impl Header<'_> {
    fn encode(&self) -> Vec<u8> {
        let entries = [true, !self.kid.is_empty(), self.typ.is_some()];
        let mut e = Writer::default();
        e.map(entries.into_iter().filter(|there| *there).count());
        e.signed(ALGORITHM).signed(ES256);
        if !self.kid.is_empty() {
            e.signed(KID).bytes(self.kid);
        }
        if let Some(typ) = self.typ {
            e.signed(TYP).text(typ);
        }
        e.into_bytes()
    }
}

fn envelope(protected: &[u8], payload: &[u8], signature: &Signature) -> Vec<u8> {
    let mut e = Writer::with_capacity(room(payload));
    e.array(4).bytes(protected).map(0).bytes(payload).bytes(signature.as_bytes());
    e.into_bytes()
}

/// For a payload, a header and a signature.
const fn room(payload: &[u8]) -> usize {
    payload.len().saturating_add(256)
}

type Parts<'b> = (&'b [u8], &'b [u8], &'b [u8]);

/// Protected header, payload and signature. Whether there is more is told by writing them again.
fn parts(bytes: &[u8]) -> Result<Parts<'_>, decode::Error> {
    let mut d = Decoder::new(bytes);
    d.array()?;
    let protected = d.bytes()?;
    d.map()?;
    Ok((protected, d.bytes()?, d.bytes()?))
}

/// What a protected header says, once it names the one algorithm. What else is in it is told by
/// writing the header again.
fn read_header(protected: &[u8]) -> Result<Header<'_>, ShapeError> {
    let malformed = |_| ShapeError::Malformed("protected header is not a map of known labels");
    let mut d = Decoder::new(protected);
    // A map of unstated length is nothing that this module writes.
    let entries = d.map().map_err(malformed)?;
    let entries = entries.ok_or(ShapeError::Malformed("protected header has another encoding"))?;
    let (mut algorithm, mut header) = (None, Header { kid: b"", typ: None });
    for _ in 0..entries {
        match d.i64().map_err(malformed)? {
            ALGORITHM => algorithm = integer(&mut d).map_err(malformed)?,
            KID => header.kid = d.bytes().map_err(malformed)?,
            TYP => header.typ = Some(d.str().map_err(malformed)?),
            _ => d.skip().map_err(malformed)?,
        }
    }
    if algorithm == Some(ES256) { Ok(header) } else { Err(ShapeError::Algorithm) }
}

/// An algorithm may also be named in words, which are not the one that is known.
fn integer(d: &mut Decoder<'_>) -> Result<Option<i64>, decode::Error> {
    if d.datatype()? == Type::String {
        return d.skip().map(|()| None);
    }
    d.i64().map(Some)
}

#[cfg(test)]
mod tests {
    use super::{Header, parse, sign};
    use crate::key::{ShapeError, SigningKey};

    const KINDS: [Option<&str>; 3] = [None, Some("application/a"), Some("application/b")];

    #[test]
    fn a_message_is_read_as_its_own_kind_and_as_no_other() {
        let key = SigningKey::generate().unwrap();
        for typ in KINDS {
            let header = Header { kid: b"k", typ };
            let bytes = sign(&header, b"payload", |m| key.sign(m)).unwrap();
            for read_as in KINDS {
                match parse(&bytes, read_as) {
                    Ok(read) => {
                        assert_eq!((read_as, read.kid()), (typ, &b"k"[..]));
                        assert_eq!(read.verified_by(key.public()).unwrap(), b"payload");
                    }
                    Err(error) => assert!(read_as != typ && error == ShapeError::Kind),
                }
            }
        }
    }

    #[test]
    fn refuses_every_truncation_a_tag_and_trailing_bytes() {
        let key = SigningKey::generate().unwrap();
        let bytes = sign(&Header { kid: b"", typ: None }, b"payload", |m| key.sign(m)).unwrap();
        for len in 0..bytes.len() {
            assert!(parse(&bytes[..len], None).is_err(), "{len}");
        }
        for other in [[&[0xd2], bytes.as_slice()].concat(), [bytes.as_slice(), &[0]].concat()] {
            assert!(matches!(parse(&other, None), Err(ShapeError::Malformed(_))));
        }
    }
}
