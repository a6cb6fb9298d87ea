//! The keys that results are verified with.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::EarError;
use crate::item::{Fields, Item, ItemError};
use crate::key::{KeyId, PublicKey};
use crate::limits::{RESULT_BYTES_MAX, RESULT_KEYS_MAX};

/// Keys that may have signed a result, each under its own id. Empty verifies nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResultKeys {
    keys: Vec<(KeyId, PublicKey)>,
}

impl ResultKeys {
    /// The member of a key in a key set that says what Cloister signs with it.
    pub const PURPOSE: &'static str = "cloister.use";

    /// What that member says of keys that sign results.
    pub const RESULTS: &'static str = "result";

    /// These keys.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> Self {
        Self { keys: keys.into_iter().map(|key| (KeyId::of(&key), key)).collect() }
    }

    /// The keys for results in a JSON Web Key Set. Keys for something else are left out: a key
    /// that signs leases signs no results.
    ///
    /// # Errors
    /// [`EarError::KeySet`] if it does not read, if a key for results is not an ECDSA P-256 key or
    /// is listed under an id that is not its own, or if there is none.
    pub fn from_jwks(bytes: &[u8]) -> Result<Self, EarError> {
        let refused = |error: ItemError| EarError::KeySet { reason: error.to_string() };
        if bytes.len() > RESULT_BYTES_MAX {
            return Err(refused(ItemError::new("longer than 64 KiB")));
        }
        let mut set = Item::from_json(bytes).and_then(Fields::of).map_err(refused)?;
        let listed = set.required("keys", Item::into_array).map_err(refused)?;
        if listed.len() > RESULT_KEYS_MAX {
            return Err(refused(ItemError::new("more than 32 keys")));
        }
        let found = listed.into_iter().map(key).collect::<Result<Vec<_>, _>>().map_err(refused)?;
        let keys: Vec<_> = found.into_iter().flatten().collect();
        if keys.is_empty() {
            return Err(refused(ItemError::new("there is no key for results in it")));
        }
        Ok(Self { keys })
    }

    /// The key with this id.
    #[must_use]
    pub fn find(&self, kid: &[u8]) -> Option<&PublicKey> {
        self.keys.iter().find(|(id, _)| id.as_bytes() == kid).map(|(_, key)| key)
    }
}

/// One key of a set, if it is for results.
fn key(item: Item) -> Result<Option<(KeyId, PublicKey)>, ItemError> {
    let mut fields = Fields::of(item)?;
    let purpose = fields.optional(ResultKeys::PURPOSE, Item::into_text)?;
    if purpose.as_deref() != Some(ResultKeys::RESULTS) {
        return Ok(None);
    }
    for (name, only) in [("kty", "EC"), ("crv", "P-256"), ("alg", "ES256"), ("use", "sig")] {
        if fields.required(name, Item::into_text)? != only {
            return Err(ItemError::new(format!("{name} is not {only}")));
        }
    }
    let x = fields.required("x", coordinate)?;
    let y = fields.required("y", coordinate)?;
    let kid = fields.required("kid", Item::into_text)?;
    let key = PublicKey::from_coordinates(&x, &y)
        .map_err(|_| ItemError::new("not a point on the curve"))?;
    let id = KeyId::of(&key);
    // SECURITY: an id is the digest of its key, so that no set can list a key as another one.
    if id.to_string() == kid {
        Ok(Some((id, key)))
    } else {
        Err(ItemError::new("kid is not the digest of its key"))
    }
}

fn coordinate(item: Item) -> Result<Vec<u8>, ItemError> {
    URL_SAFE_NO_PAD.decode(item.into_text()?).map_err(|_| ItemError::new("not base64url"))
}
