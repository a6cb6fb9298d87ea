//! Trees as CBOR.
//!
//! SPEC: RFC 8949.

use std::collections::BTreeMap;

use minicbor::Decoder;
use minicbor::data::Type;

use super::{Item, ItemError, Key};
use crate::cbor::Writer;
use crate::limits::ITEM_DEPTH_MAX;

impl Item {
    /// Reads one item and nothing after it. Map keys may be in any order and appear once; lengths
    /// are stated. The caller bounds the bytes, and with them the tree.
    pub(crate) fn from_cbor(bytes: &[u8]) -> Result<Self, ItemError> {
        let mut d = Decoder::new(bytes);
        let item = read(&mut d, ITEM_DEPTH_MAX)?;
        if d.position() == bytes.len() {
            Ok(item)
        } else {
            Err(ItemError::new("bytes follow the item"))
        }
    }

    /// The deterministic encoding.
    pub(crate) fn to_cbor(&self) -> Vec<u8> {
        let mut e = Writer::default();
        write(self, &mut e);
        e.into_bytes()
    }
}

fn read(d: &mut Decoder<'_>, depth: usize) -> Result<Item, ItemError> {
    let deeper = depth.checked_sub(1).ok_or_else(|| ItemError::new("nested too deep"))?;
    Ok(match d.datatype().map_err(refused)? {
        Type::Bool => Item::Boolean(d.bool().map_err(refused)?),
        Type::Null => d.null().map(|()| Item::Null).map_err(refused)?,
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => integer(d)?,
        Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => integer(d)?,
        Type::Bytes => Item::Bytes(d.bytes().map_err(refused)?.to_vec()),
        Type::String => Item::Text(d.str().map_err(refused)?.to_owned()),
        Type::Array => Item::Array(array(d, deeper)?),
        Type::Map => Item::Map(map(d, deeper)?),
        Type::Tag => Item::Tagged(d.tag().map_err(refused)?.as_u64(), Box::new(read(d, deeper)?)),
        other @ (Type::Undefined
        | Type::F16
        | Type::F32
        | Type::F64
        | Type::Simple
        | Type::BytesIndef
        | Type::StringIndef
        | Type::ArrayIndef
        | Type::MapIndef
        | Type::Break
        | Type::Unknown(_)) => {
            return Err(ItemError::new(format!("an item of type {other} is not read")));
        }
    })
}

fn integer(d: &mut Decoder<'_>) -> Result<Item, ItemError> {
    d.int().map(|value| Item::Integer(value.into())).map_err(refused)
}

fn array(d: &mut Decoder<'_>, depth: usize) -> Result<Vec<Item>, ItemError> {
    let len = stated(d.array())?;
    // Grows with what is really there, not with what the header claims.
    (0..len).map(|_| read(d, depth)).collect()
}

fn map(d: &mut Decoder<'_>, depth: usize) -> Result<BTreeMap<Key, Item>, ItemError> {
    let mut entries = BTreeMap::new();
    for _ in 0..stated(d.map())? {
        let key = match read(d, depth)? {
            Item::Integer(label) => Key::Integer(label),
            Item::Text(name) => Key::Text(name),
            other @ (Item::Bytes(_)
            | Item::Boolean(_)
            | Item::Null
            | Item::Array(_)
            | Item::Map(_)
            | Item::Tagged(..)) => return Err(other.instead_of("a key")),
        };
        let item = read(d, depth)?;
        if let Some(twice) = entries.insert(key.clone(), item).map(|_| key) {
            return Err(ItemError::new(format!("the key {twice} is there twice")));
        }
    }
    Ok(entries)
}

fn stated(len: Result<Option<u64>, minicbor::decode::Error>) -> Result<u64, ItemError> {
    len.map_err(refused)?.ok_or_else(|| ItemError::new("a length is not stated"))
}

#[expect(clippy::needless_pass_by_value, reason = "takes what `map_err` gives")]
fn refused(error: minicbor::decode::Error) -> ItemError {
    ItemError::new(error.to_string())
}

fn write(item: &Item, e: &mut Writer) {
    match item {
        Item::Integer(value) => _ = e.integer(*value),
        Item::Text(text) => _ = e.text(text),
        Item::Bytes(bytes) => _ = e.bytes(bytes),
        Item::Boolean(value) => _ = e.boolean(*value),
        Item::Null => _ = e.null(),
        Item::Array(items) => {
            e.array(items.len());
            items.iter().for_each(|item| write(item, e));
        }
        Item::Map(entries) => {
            e.map(entries.len());
            for (key, item) in entries {
                match key {
                    Key::Integer(label) => e.integer(*label),
                    Key::Text(name) => e.text(name),
                };
                write(item, e);
            }
        }
        Item::Tagged(tag, item) => write(item, e.tag(*tag)),
    }
}
