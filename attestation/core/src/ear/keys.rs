//! The keys that results are verified with.

use super::EarError;
use crate::item::{Fields, Item, ItemError};
use crate::jwk::point;
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

    /// What it says of keys that sign leases.
    pub const LEASES: &'static str = "lease";

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
        keys_for(bytes, Self::RESULTS).map(Self::new)
    }

    /// The key with this id.
    #[must_use]
    pub fn find(&self, kid: &[u8]) -> Option<&PublicKey> {
        self.keys.iter().find(|(id, _)| id.as_bytes() == kid).map(|(_, key)| key)
    }
}

/// The keys in a JSON Web Key Set whose member [`ResultKeys::PURPOSE`] says `purpose`. The others
/// are left out.
///
/// # Errors
/// [`EarError::KeySet`] if the set does not read, if a key for this purpose is not an ECDSA P-256
/// key or is listed under an id that is not its own, or if there is none.
pub fn keys_for(bytes: &[u8], purpose: &str) -> Result<Vec<PublicKey>, EarError> {
    let refused = |error: ItemError| EarError::KeySet { reason: error.to_string() };
    if bytes.len() > RESULT_BYTES_MAX {
        return Err(refused(ItemError::new("longer than 64 KiB")));
    }
    let mut set = Item::from_json(bytes).and_then(Fields::of).map_err(refused)?;
    let listed = set.required("keys", Item::into_array).map_err(refused)?;
    if listed.len() > RESULT_KEYS_MAX {
        return Err(refused(ItemError::new("more than 32 keys")));
    }
    let found = listed.into_iter().map(|item| key(item, purpose)).collect::<Result<Vec<_>, _>>();
    let keys: Vec<_> = found.map_err(refused)?.into_iter().flatten().collect();
    if keys.is_empty() {
        return Err(refused(ItemError::new(format!("no key in it is for: {purpose}"))));
    }
    Ok(keys)
}

/// One key of a set, if it is for this purpose.
fn key(item: Item, purpose: &str) -> Result<Option<PublicKey>, ItemError> {
    let mut fields = Fields::of(item)?;
    if fields.optional(ResultKeys::PURPOSE, Item::into_text)?.as_deref() != Some(purpose) {
        return Ok(None);
    }
    for (name, only) in [("kty", "EC"), ("crv", "P-256"), ("alg", "ES256"), ("use", "sig")] {
        if fields.required(name, Item::into_text)? != only {
            return Err(ItemError::new(format!("{name} is not {only}")));
        }
    }
    let key = point(&mut fields)?;
    let kid = fields.required("kid", Item::into_text)?;
    // SECURITY: an id is the digest of its key, so that no set can list a key as another one.
    if KeyId::of(&key).to_string() == kid {
        Ok(Some(key))
    } else {
        Err(ItemError::new("kid is not the digest of its key"))
    }
}
