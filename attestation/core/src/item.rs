//! A tree of data items, as CBOR and JSON both write them: what strict readers of foreign formats
//! start from.
//!
//! Maps have each key once and are kept in the order of RFC 8949 section 4.2.1, so that writing a
//! tree as CBOR is deterministic. Floating-point numbers, simple values beside true, false and
//! null, and items of unstated length have no place in a tree: nothing that Cloister reads needs
//! them.

mod cbor;
mod fields;
mod json;

use core::cmp::Ordering;
use std::collections::BTreeMap;

pub(crate) use fields::Fields;

/// One data item with everything inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// -2^64 to 2^64 - 1.
    Integer(i128),
    /// Text.
    Text(String),
    /// Bytes. JSON has none: it writes them as base64url text.
    Bytes(Vec<u8>),
    /// True or false.
    Boolean(bool),
    /// Nothing.
    Null,
    /// Items in order.
    Array(Vec<Self>),
    /// Items by key.
    Map(BTreeMap<Key, Self>),
    /// A CBOR tag and what it is on.
    Tagged(u64, Box<Self>),
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// As CBOR protocols label fields.
    Integer(i128),
    /// As JSON does.
    Text(String),
}

/// Bytes are not a tree, or an item is not of the expected type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ItemError(String);

impl ItemError {
    /// For the reason given.
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// The same, within something that is named.
    #[must_use]
    pub(crate) fn within(self, what: impl core::fmt::Display) -> Self {
        Self(format!("{what}: {}", self.0))
    }
}

impl Item {
    /// Text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A map of these entries; a key that comes twice keeps its last value.
    pub(crate) fn map<K: Into<Key>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, item)| (key.into(), item)).collect())
    }

    pub(crate) fn into_text(self) -> Result<String, ItemError> {
        let Self::Text(text) = self else { return Err(self.instead_of("text")) };
        Ok(text)
    }

    pub(crate) fn into_bytes(self) -> Result<Vec<u8>, ItemError> {
        let Self::Bytes(bytes) = self else { return Err(self.instead_of("bytes")) };
        Ok(bytes)
    }

    pub(crate) fn into_array(self) -> Result<Vec<Self>, ItemError> {
        let Self::Array(items) = self else { return Err(self.instead_of("an array")) };
        Ok(items)
    }

    pub(crate) fn into_map(self) -> Result<BTreeMap<Key, Self>, ItemError> {
        let Self::Map(entries) = self else { return Err(self.instead_of("a map")) };
        Ok(entries)
    }

    /// An integer that fits the wanted type.
    pub(crate) fn into_integer<T: TryFrom<i128>>(self) -> Result<T, ItemError> {
        let Self::Integer(value) = self else { return Err(self.instead_of("an integer")) };
        T::try_from(value).map_err(|_| ItemError::new(format!("{value} is out of range")))
    }

    /// What is under one of these tags, or else the item as it is.
    pub(crate) fn strip(self, tags: &[u64]) -> Result<Self, Self> {
        let Self::Tagged(tag, inner) = self else { return Err(self) };
        if tags.contains(&tag) { Ok(*inner) } else { Err(Self::Tagged(tag, inner)) }
    }

    /// What is under one of these tags.
    pub(crate) fn tagged(self, tags: &[u64], expected: &str) -> Result<Self, ItemError> {
        self.strip(tags).map_err(|other| other.instead_of(expected))
    }

    pub(crate) fn instead_of(&self, expected: &str) -> ItemError {
        let found = match self {
            Self::Integer(_) => "an integer",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Boolean(_) => "a boolean",
            Self::Null => "null",
            Self::Array(_) => "an array",
            Self::Map(_) => "a map",
            Self::Tagged(tag, _) => {
                return ItemError::new(format!("expected {expected}, found tag {tag}"));
            }
        };
        ItemError::new(format!("expected {expected}, found {found}"))
    }
}

impl From<i128> for Key {
    fn from(label: i128) -> Self {
        Self::Integer(label)
    }
}

impl From<&str> for Key {
    fn from(name: &str) -> Self {
        Self::Text(name.to_owned())
    }
}

impl core::fmt::Display for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Integer(label) => write!(f, "{label}"),
            Self::Text(name) => f.write_str(name),
        }
    }
}

/// SPEC: RFC 8949 section 4.2.1: by the bytes of the encoded keys. Those sort non-negative
/// integers first, then negative ones away from zero, then texts, shorter before longer.
impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => {
                (a.is_negative(), a.unsigned_abs()).cmp(&(b.is_negative(), b.unsigned_abs()))
            }
            (Self::Text(a), Self::Text(b)) => (a.len(), a).cmp(&(b.len(), b)),
            (Self::Integer(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Integer(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests;
