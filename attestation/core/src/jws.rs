//! The one JWS shape that Cloister reads and writes: compact, ES256, a header of exactly `alg`,
//! `kid` and `typ`.
//!
//! SPEC: RFC 7515 sections 3.1, 4.1 and 7.1, RFC 8725 sections 3.1, 3.9 and 3.11.

mod detached;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::item::{Fields, Item};
use crate::key::{KeyError, KeyId, ShapeError, Signature, SignedMessage, SigningKey};

pub use detached::Detached;

const ES256: &str = "ES256";

/// Reads received text as a message of the kind `typ`. The caller bounds its length.
///
/// The header chooses neither the algorithm nor the key: another algorithm than ES256 is refused
/// whatever key is at hand, and `kid` only names which of the given keys has to have signed.
///
/// # Errors
/// [`ShapeError`].
pub fn parse(text: &[u8], typ: &str) -> Result<SignedMessage, ShapeError> {
    let mut parts = text.split(|byte| *byte == b'.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(ShapeError::Malformed("not three parts with a dot between them"));
    };
    let kid = read_header(&decoded(header)?, typ)?;
    let signature = Signature::from_slice(&decoded(signature)?)
        .ok_or(ShapeError::Malformed("signature is not 64 bytes"))?;
    // SECURITY: the signature covers the text as it was received, not what it decodes to.
    let signed = [header, b".", payload].concat();
    Ok(SignedMessage::new(kid.as_bytes().to_vec(), decoded(payload)?, signed, signature))
}

/// Signs `payload` as a message of the kind `typ`.
///
/// # Errors
/// [`KeyError::Crypto`].
pub fn sign(typ: &str, payload: &[u8], key: &SigningKey) -> Result<String, KeyError> {
    let kid = KeyId::of(key.public()).to_string();
    let signed = format!("{}.{}", header(&kid, typ), URL_SAFE_NO_PAD.encode(payload));
    let signature = key.sign(signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_bytes())))
}

/// The protected header in its encoding.
fn header(kid: &str, typ: &str) -> String {
    let header =
        Item::map([("alg", Item::text(ES256)), ("kid", Item::text(kid)), ("typ", Item::text(typ))]);
    URL_SAFE_NO_PAD.encode(header.to_json().to_string())
}

/// Without padding, white space, or bits that stand for nothing.
fn decoded(part: &[u8]) -> Result<Vec<u8>, ShapeError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| ShapeError::Malformed("a part is not base64url"))
}

fn read_header(bytes: &[u8], typ: &str) -> Result<KeyId, ShapeError> {
    let malformed = |_| ShapeError::Malformed("header is not exactly alg, kid and typ");
    let mut fields = Item::from_json(bytes).and_then(Fields::of).map_err(malformed)?;
    let algorithm = fields.optional("alg", Item::into_text).map_err(malformed)?;
    if algorithm.as_deref() != Some(ES256) {
        return Err(ShapeError::Algorithm);
    }
    let found = fields.required("typ", Item::into_text).map_err(malformed)?;
    let kid = fields.required("kid", Item::into_text).map_err(malformed)?;
    // SECURITY: `crit`, `jwk`, `jku`, `x5c` and whatever else is left are refused, known or not.
    fields.finish().map_err(malformed)?;
    if found != typ {
        return Err(ShapeError::Kind);
    }
    KeyId::from_hex(&kid).ok_or(ShapeError::Malformed("kid is not the digest of a key"))
}
