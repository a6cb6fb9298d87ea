//! A JWS apart from its payload, as other people's documents carry it inside themselves.
//!
//! SPEC: RFC 7515 appendix F.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{ES256, decoded, header};
use crate::item::{Fields, Item};
use crate::key::{KeyError, PublicKey, ShapeError, Signature, SigningKey};
use crate::limits::JWS_HEADER_BYTES_MAX;

/// `typ` of a JWS that says of itself no more than that it is one.
///
/// SPEC: RFC 7515 section 4.1.9.
const JOSE: &str = "JOSE";

/// The protected header and the signature of an ES256 signature over a payload that is elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detached {
    protected: String,
    kid: String,
    signature: Signature,
}

impl Detached {
    /// Signs `payload`; the header names `key` by the thumbprint of its JSON Web Key.
    ///
    /// # Errors
    /// [`KeyError::Crypto`].
    pub fn sign(payload: &[u8], key: &SigningKey) -> Result<Self, KeyError> {
        let kid = key.public().jwk_thumbprint();
        let protected = header(&kid, JOSE);
        let signature = key.sign(&signed(&protected, payload))?;
        Ok(Self { protected, kid, signature })
    }

    /// Reads a received header and signature, each in base64url.
    ///
    /// # Security
    /// The header chooses neither the algorithm nor where a key is found: another algorithm than
    /// ES256 is refused whatever key is at hand, `crit` is refused, and what else may be in it
    /// (`jku`, `jwk`, `x5c`, `x5u` among it) is not looked at.
    ///
    /// # Errors
    /// [`ShapeError`].
    pub fn parse(protected: &str, signature: &str) -> Result<Self, ShapeError> {
        if protected.len() > JWS_HEADER_BYTES_MAX {
            return Err(ShapeError::Malformed("header is longer than 4 KiB"));
        }
        let malformed = |_| ShapeError::Malformed("header is no JSON object, or has no kid");
        let bytes = decoded(protected.as_bytes())?;
        let mut fields = Item::from_json(&bytes).and_then(Fields::of).map_err(malformed)?;
        let algorithm = fields.optional("alg", Item::into_text).map_err(malformed)?;
        if algorithm.as_deref() != Some(ES256) {
            return Err(ShapeError::Algorithm);
        }
        // SPEC: RFC 7515 section 4.1.11: extensions that have to be understood, and none is.
        if fields.optional("crit", Ok).map_err(malformed)?.is_some() {
            return Err(ShapeError::Malformed("header has critical extensions"));
        }
        let kid = fields.required("kid", Item::into_text).map_err(malformed)?;
        let signature = Signature::from_slice(&decoded(signature.as_bytes())?)
            .ok_or(ShapeError::Malformed("signature is not 64 bytes"))?;
        Ok(Self { protected: protected.to_owned(), kid, signature })
    }

    /// The key that the signer names: selects among keys that are trusted already.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Whether `key` signed `payload`.
    ///
    /// # Errors
    /// [`KeyError::Signature`] if it did not.
    pub fn verify(&self, payload: &[u8], key: &PublicKey) -> Result<(), KeyError> {
        key.verify(&signed(&self.protected, payload), &self.signature)
    }

    /// The header in base64url.
    #[must_use]
    pub fn protected(&self) -> &str {
        &self.protected
    }

    /// The signature in base64url.
    #[must_use]
    pub fn signature(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.signature.as_bytes())
    }
}

fn signed(protected: &str, payload: &[u8]) -> Vec<u8> {
    format!("{protected}.{}", URL_SAFE_NO_PAD.encode(payload)).into_bytes()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::Detached;
    use crate::key::{KeyError, ShapeError, SigningKey};

    fn protected(header: &serde_json::Value) -> String {
        URL_SAFE_NO_PAD.encode(header.to_string())
    }

    #[test]
    fn a_signature_holds_for_its_payload_and_key_only() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let made = Detached::sign(b"payload", &key).unwrap();
        let read = Detached::parse(made.protected(), &made.signature()).unwrap();
        assert_eq!((&read, read.kid()), (&made, key.public().jwk_thumbprint().as_str()));
        assert_eq!(read.verify(b"payload", key.public()), Ok(()));
        assert_eq!(read.verify(b"Payload", key.public()), Err(KeyError::Signature));
        assert_eq!(read.verify(b"payload", other.public()), Err(KeyError::Signature));
    }

    #[test]
    fn another_header_invalidates_the_signature() {
        let key = SigningKey::generate().unwrap();
        let made = Detached::sign(b"payload", &key).unwrap();
        let header = protected(&json!({"alg": "ES256", "kid": made.kid(), "typ": "jose"}));
        let read = Detached::parse(&header, &made.signature()).unwrap();
        assert_eq!(read.verify(b"payload", key.public()), Err(KeyError::Signature));
    }

    #[test]
    fn the_header_does_not_choose_how_it_is_verified() {
        let key = SigningKey::generate().unwrap();
        let signature = Detached::sign(b"payload", &key).unwrap().signature();
        let refusal = |header: serde_json::Value| {
            Detached::parse(&protected(&header), &signature).map(|_| ()).unwrap_err()
        };
        for algorithm in ["none", "HS256", "RS256", "ES384", "EdDSA", "es256", ""] {
            let header = json!({"alg": algorithm, "kid": "k"});
            assert_eq!(refusal(header), ShapeError::Algorithm, "{algorithm}");
        }
        assert_eq!(refusal(json!({"kid": "k"})), ShapeError::Algorithm);
        for header in [
            json!({"alg": "ES256"}),
            json!({"alg": "ES256", "kid": 1}),
            json!({"alg": "ES256", "kid": "k", "crit": ["b64"], "b64": false}),
            json!({"alg": "ES256", "kid": "k", "crit": []}),
            json!([]),
        ] {
            assert!(matches!(refusal(header.clone()), ShapeError::Malformed(_)), "{header}");
        }
    }

    #[test]
    fn what_is_not_64_bytes_in_base64url_is_no_signature() {
        let header = protected(&json!({"alg": "ES256", "kid": "k", "jku": "https://evil.example"}));
        assert!(Detached::parse(&header, &"A".repeat(86)).is_ok());
        for signature in
            ["", "A", &"A".repeat(85), &"A".repeat(88), &format!("{}=", "A".repeat(86))]
        {
            assert!(Detached::parse(&header, signature).is_err(), "{signature}");
        }
        for header in ["", "e30", "e30=", "****", &"A".repeat(5_000)] {
            assert!(Detached::parse(header, &"A".repeat(86)).is_err(), "{header}");
        }
        let twice = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","alg":"none","kid":"k"}"#);
        assert!(Detached::parse(&twice, &"A".repeat(86)).is_err());
    }
}
