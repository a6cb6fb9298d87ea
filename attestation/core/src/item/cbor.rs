//! Trees as CBOR.
//!
//! SPEC: RFC 8949.

use std::collections::BTreeMap;

use minicbor::data::{Int, Tag, Type};
use minicbor::{Decoder, Encoder};

use super::{Item, ItemError, Key};
use crate::limits::ITEM_DEPTH_MAX;

type Failure = minicbor::encode::Error<core::convert::Infallible>;

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
        let mut e = Encoder::new(Vec::new());
        // The one failure is an integer beyond 64 bits: none is ever put into a tree.
        let Ok(()) = write(self, &mut e) else { return Vec::new() };
        e.into_writer()
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

fn write(item: &Item, e: &mut Encoder<Vec<u8>>) -> Result<(), Failure> {
    match item {
        Item::Integer(value) => number(*value, e),
        Item::Text(text) => e.str(text)?.ok(),
        Item::Bytes(bytes) => e.bytes(bytes)?.ok(),
        Item::Boolean(value) => e.bool(*value)?.ok(),
        Item::Null => e.null()?.ok(),
        Item::Array(items) => {
            e.array(len(items.len()))?;
            items.iter().try_for_each(|item| write(item, e))
        }
        Item::Map(entries) => {
            e.map(len(entries.len()))?;
            entries.iter().try_for_each(|(key, item)| {
                match key {
                    Key::Integer(label) => number(*label, e)?,
                    Key::Text(name) => e.str(name)?.ok()?,
                }
                write(item, e)
            })
        }
        Item::Tagged(tag, item) => {
            e.tag(Tag::new(*tag))?;
            write(item, e)
        }
    }
}

fn number(value: i128, e: &mut Encoder<Vec<u8>>) -> Result<(), Failure> {
    let value = Int::try_from(value).map_err(|_| Failure::message("beyond 64 bits"))?;
    e.int(value)?.ok()
}

fn len(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
