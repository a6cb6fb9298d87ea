//! Trees as JSON: integers only, and each key of an object once.
//!
//! SPEC: RFC 8259, RFC 8725 section 3.10 on duplicate keys.

use core::fmt;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{Item, ItemError, Key};

impl Item {
    /// Reads one JSON value and nothing after it. The caller bounds the bytes.
    pub(crate) fn from_json(bytes: &[u8]) -> Result<Self, ItemError> {
        serde_json::from_slice(bytes).map_err(|error| ItemError::new(error.to_string()))
    }

    /// The JSON value: bytes as base64url text, integer keys in decimal, tags left off.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Integer(value) => number(*value),
            Self::Text(text) => Value::String(text.clone()),
            Self::Bytes(bytes) => Value::String(URL_SAFE_NO_PAD.encode(bytes)),
            Self::Boolean(value) => Value::Bool(*value),
            Self::Null => Value::Null,
            Self::Array(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Self::Map(entries) => {
                let entries = entries.iter().map(|(key, item)| (key.to_string(), item.to_json()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
            Self::Tagged(_, item) => item.to_json(),
        }
    }
}

/// Beyond 64 bits there is no number in a tree; as text it would at least not be another number.
fn number(value: i128) -> Value {
    u64::try_from(value)
        .map(Value::from)
        .or_else(|_| i64::try_from(value).map(Value::from))
        .unwrap_or_else(|_| Value::String(value.to_string()))
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer, text, a boolean, null, an array or an object")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Item, E> {
        Ok(Item::Boolean(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Item, E> {
        Ok(Item::Integer(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Item, E> {
        Ok(Item::Integer(value.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Item, E> {
        Ok(Item::text(text))
    }

    fn visit_unit<E: Error>(self) -> Result<Item, E> {
        Ok(Item::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Item, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = elements.next_element()? {
            items.push(item);
        }
        Ok(Item::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Item, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some((name, item)) = members.next_entry::<String, Item>()? {
            let key = Key::Text(name);
            if entries.insert(key.clone(), item).is_some() {
                return Err(A::Error::custom(format!("the key {key} is there twice")));
            }
        }
        Ok(Item::Map(entries))
    }
}
