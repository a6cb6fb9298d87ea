//! The virtual TPM's attestation key, as the runtime data names it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::runtime::RuntimeData;
use crate::tpm::AttestationKey;

/// `kid` of the key that signs quotes.
const KEY_ID: &str = "HCLAkPub";
/// 65537 in base64url, the one form of it.
const EXPONENT: &str = "AQAB";

/// One key of the runtime data. A field without a known meaning could restrict what the key is
/// for, so there is none.
// SPEC: RFC 7517 section 4, RFC 7518 section 6.3.1.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Jwk {
    kid: String,
    kty: String,
    key_ops: Vec<String>,
    e: String,
    n: String,
}

impl RuntimeData {
    /// The attestation key: the one key with its name, if it is of the kind that signs quotes.
    ///
    /// # Errors
    /// In words, what speaks against it.
    pub fn attestation_key(&self) -> Result<AttestationKey, String> {
        let mut named = self.keys().iter().filter(|key| key.kid == KEY_ID);
        match (named.next(), named.next()) {
            (Some(key), None) => key.attestation_key(),
            (None, _) => Err(format!("no key is called {KEY_ID}")),
            (Some(_), Some(_)) => Err(format!("more than one key is called {KEY_ID}")),
        }
    }
}

impl Jwk {
    fn attestation_key(&self) -> Result<AttestationKey, String> {
        if self.kty != "RSA" {
            return Err(format!("its type is {}", self.kty));
        }
        if self.key_ops != ["sign"] {
            return Err(format!("it is for [{}]", self.key_ops.join(", ")));
        }
        if self.e != EXPONENT {
            return Err(format!("its exponent is {}", self.e));
        }
        // Strict: no padding, no white space, no bits beyond the last byte.
        let modulus = URL_SAFE_NO_PAD
            .decode(&self.n)
            .map_err(|_| "its modulus is not base64url".to_owned())?;
        AttestationKey::rsa(&modulus).map_err(|reason| format!("it has {reason}"))
    }
}
