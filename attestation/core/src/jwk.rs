//! JSON Web Keys of the one kind that is used here: ECDSA P-256, public.
//!
//! SPEC: RFC 7517, RFC 7518 section 6.2.1, RFC 7638.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::code::{Code, Diagnostic};
use crate::item::{Fields, Item, ItemError};
use crate::key::PublicKey;
use crate::limits::{NAME_BYTES_MAX, RESULT_BYTES_MAX, RESULT_KEYS_MAX};

crate::codes! {
    /// The text is not a key, or not a key set, that can be used.
    MALFORMED = "jwk.malformed", Operator, "RFC 7517",
        "Give public ECDSA P-256 keys (`kty` EC, `crv` P-256), each under a `kid` of its own.",
        "A JSON Web Key or a set of them does not read, is too large, has a key of another kind than ECDSA P-256, a private key, a point that is not on the curve, or two keys under one id. A key that could not be used is refused rather than left out, because whoever pinned it expects it to count.";
}

/// A key or key set was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("JSON Web Key is refused: {0}")]
pub struct JwkError(#[from] ItemError);

impl Diagnostic for JwkError {
    fn code(&self) -> &'static Code {
        &MALFORMED
    }
}

impl PublicKey {
    /// As a JSON Web Key with no more than what the key is.
    #[must_use]
    pub fn to_jwk(&self) -> Value {
        let (x, y) = self.coordinates();
        let [x, y] = [x, y].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate));
        json!({"crv": "P-256", "kty": "EC", "x": x, "y": y})
    }

    /// The thumbprint of [`Self::to_jwk`]: SHA-256 in base64url.
    ///
    /// SPEC: RFC 7638 section 3: members in lexicographic order, no white space.
    #[must_use]
    pub fn jwk_thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.to_jwk().to_string().as_bytes()))
    }

    /// From a JSON Web Key. The caller bounds its length.
    ///
    /// # Errors
    /// [`JwkError`] if it is not a public ECDSA P-256 key.
    pub fn from_jwk(bytes: &[u8]) -> Result<Self, JwkError> {
        let mut fields = Item::from_json(bytes).and_then(Fields::of)?;
        Ok(key(&mut fields)?)
    }
}

/// Keys that somebody pinned, each under the id that its owner gave it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<(String, PublicKey)>,
}

impl KeySet {
    /// Reads a JSON Web Key Set. A key without an id has its thumbprint for one.
    ///
    /// # Errors
    /// [`JwkError`] if any key in it could not be used.
    pub fn from_json(bytes: &[u8]) -> Result<Self, JwkError> {
        if bytes.len() > RESULT_BYTES_MAX {
            return Err(ItemError::new("longer than 64 KiB").into());
        }
        let mut set = Item::from_json(bytes).and_then(Fields::of)?;
        let listed = set.required("keys", Item::into_array)?;
        if listed.len() > RESULT_KEYS_MAX {
            return Err(ItemError::new("more than 32 keys").into());
        }
        let mut keys: Vec<(String, PublicKey)> = Vec::new();
        for item in listed {
            let (kid, key) = pinned(item)?;
            if keys.iter().any(|(known, _)| *known == kid) {
                return Err(ItemError::new(format!("two keys have the kid {kid}")).into());
            }
            keys.push((kid, key));
        }
        Ok(Self { keys })
    }

    /// The key with this id.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&PublicKey> {
        self.keys.iter().find(|(known, _)| known == kid).map(|(_, key)| key)
    }
}

/// One key of a set with its id.
fn pinned(item: Item) -> Result<(String, PublicKey), ItemError> {
    let mut fields = Fields::of(item)?;
    for (name, only) in [("use", "sig"), ("alg", "ES256")] {
        if fields.optional(name, Item::into_text)?.is_some_and(|found| found != only) {
            return Err(ItemError::new(format!("{name} is not {only}")));
        }
    }
    let kid = fields.optional("kid", Item::into_text)?;
    let key = key(&mut fields)?;
    let kid = kid.unwrap_or_else(|| key.jwk_thumbprint());
    if kid.len() > NAME_BYTES_MAX {
        return Err(ItemError::new("kid is longer than 128 bytes"));
    }
    Ok((kid, key))
}

fn key(fields: &mut Fields) -> Result<PublicKey, ItemError> {
    for (name, only) in [("kty", "EC"), ("crv", "P-256")] {
        if fields.required(name, Item::into_text)? != only {
            return Err(ItemError::new(format!("{name} is not {only}")));
        }
    }
    // SECURITY: nobody means to hand out the private half.
    if fields.optional("d", Item::into_text)?.is_some() {
        return Err(ItemError::new("it is a private key"));
    }
    point(fields)
}

/// The key with the coordinates `x` and `y`.
pub(crate) fn point(fields: &mut Fields) -> Result<PublicKey, ItemError> {
    let x = fields.required("x", coordinate)?;
    let y = fields.required("y", coordinate)?;
    PublicKey::from_coordinates(&x, &y).map_err(|_| ItemError::new("not a point on the curve"))
}

fn coordinate(item: Item) -> Result<Vec<u8>, ItemError> {
    URL_SAFE_NO_PAD.decode(item.into_text()?).map_err(|_| ItemError::new("not base64url"))
}

#[cfg(test)]
mod tests;
