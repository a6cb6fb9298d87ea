//! A card of version 1.0 in protobuf, as the JSON that says the same.
//!
//! SPEC: ProtoJSON; `google/protobuf/struct.proto`.

use serde_json::{Map, Number, Value, json};

use super::CardError;
use super::schema::{CARD, Field, Kind, Message};
use crate::limits::JSON_DEPTH_MAX;
use crate::wire::{Entry, Wire, entries, put, put_double, put_number};

/// Where a card has its signatures.
pub(super) const SIGNATURES: u32 = 13;

/// The known fields of a card, its signatures among them.
pub(super) fn decoded(card: &[u8]) -> Result<Value, CardError> {
    let mut members = message(card, &CARD)?;
    let signatures = entries(card)?.into_iter().filter(|entry| entry.number == SIGNATURES);
    let signatures =
        signatures.map(|entry| signature(entry.bytes()?)).collect::<Result<Vec<_>, _>>()?;
    if !signatures.is_empty() {
        members.insert("signatures".to_owned(), Value::Array(signatures));
    }
    Ok(Value::Object(members))
}

fn signature(bytes: &[u8]) -> Result<Value, CardError> {
    let (mut protected, mut signature) = ("", "");
    for entry in entries(bytes)? {
        match entry.number {
            1 => protected = entry.text()?,
            2 => signature = entry.text()?,
            _ => {}
        }
    }
    Ok(json!({"protected": protected, "signature": signature}))
}

fn message(bytes: &[u8], of: &Message) -> Result<Map<String, Value>, CardError> {
    let mut members = Map::new();
    for entry in entries(bytes)? {
        let Some(field) = of.fields.iter().find(|field| field.number == entry.number) else {
            continue;
        };
        add(&mut members, field, &entry)?;
    }
    Ok(members)
}

fn add(
    members: &mut Map<String, Value>,
    field: &Field,
    entry: &Entry<'_>,
) -> Result<(), CardError> {
    let known = members.entry(field.name).or_insert(Value::Null);
    match field.kind {
        Kind::Texts => push(known, Value::from(entry.text()?)),
        Kind::Many(of) => push(known, Value::Object(message(entry.bytes()?, of)?)),
        Kind::TextByName => insert(known, entry, &Kind::Text),
        Kind::OneByName(of) => insert(known, entry, &Kind::One(of)),
        Kind::Text | Kind::Flag | Kind::One(_) | Kind::Struct => {
            // Readers take the last of several, or merge them: of two, a card says neither.
            if !known.is_null() {
                return Err(CardError::Protobuf);
            }
            *known = single(entry, &field.kind)?;
            Ok(())
        }
    }
}

fn single(entry: &Entry<'_>, kind: &Kind) -> Result<Value, CardError> {
    match (kind, entry.value) {
        (Kind::Text, _) => Ok(Value::from(entry.text()?)),
        (Kind::Flag, Wire::Number(flag)) => Ok(Value::Bool(flag != 0)),
        (Kind::One(of), _) => message(entry.bytes()?, of).map(Value::Object),
        (Kind::Struct, _) => structure(entry.bytes()?, 0).map(Value::Object),
        _ => Err(CardError::Protobuf),
    }
}

fn push(list: &mut Value, item: Value) -> Result<(), CardError> {
    if list.is_null() {
        *list = Value::Array(Vec::new());
    }
    list.as_array_mut().ok_or(CardError::Protobuf)?.push(item);
    Ok(())
}

/// Adds one entry of a map: a message with the name in field 1 and the value in field 2.
fn insert(object: &mut Value, entry: &Entry<'_>, kind: &Kind) -> Result<(), CardError> {
    let (name, value) = named(entry.bytes()?)?;
    let value = match value {
        Some(value) => single(&value, kind)?,
        None if matches!(kind, Kind::Text) => Value::from(""),
        None => Value::Object(Map::new()),
    };
    if object.is_null() {
        *object = Value::Object(Map::new());
    }
    let object = object.as_object_mut().ok_or(CardError::Protobuf)?;
    if object.insert(name.to_owned(), value).is_some() { Err(CardError::Protobuf) } else { Ok(()) }
}

fn named(bytes: &[u8]) -> Result<(&str, Option<Entry<'_>>), CardError> {
    let (mut name, mut value) = ("", None);
    for entry in entries(bytes)? {
        match entry.number {
            1 => name = entry.text()?,
            2 => value = Some(entry),
            _ => {}
        }
    }
    Ok((name, value))
}

fn structure(bytes: &[u8], depth: usize) -> Result<Map<String, Value>, CardError> {
    let mut members = Map::new();
    for entry in entries(bytes)?.iter().filter(|entry| entry.number == 1) {
        let (name, value) = named(entry.bytes()?)?;
        let value = value.map_or(Ok(&[][..]), |value| value.bytes())?;
        if members.insert(name.to_owned(), any(value, depth)?).is_some() {
            return Err(CardError::Protobuf);
        }
    }
    Ok(members)
}

/// A `google.protobuf.Value`.
fn any(bytes: &[u8], depth: usize) -> Result<Value, CardError> {
    if depth > JSON_DEPTH_MAX {
        return Err(CardError::Protobuf);
    }
    let inside = depth.saturating_add(1);
    let [entry] = entries(bytes)?[..] else { return Err(CardError::Protobuf) };
    match (entry.number, entry.value) {
        (1, _) => Ok(Value::Null),
        (2, Wire::Eight(double)) => Number::from_f64(f64::from_le_bytes(double))
            .map(Value::Number)
            .ok_or(CardError::Protobuf),
        (3, _) => Ok(Value::from(entry.text()?)),
        (4, Wire::Number(flag)) => Ok(Value::Bool(flag != 0)),
        (5, _) => structure(entry.bytes()?, inside).map(Value::Object),
        (6, _) => {
            let items = entries(entry.bytes()?)?;
            let items = items.iter().filter(|item| item.number == 1);
            items.map(|item| any(item.bytes()?, inside)).collect::<Result<_, _>>().map(Value::Array)
        }
        _ => Err(CardError::Protobuf),
    }
}

/// A JSON object as a `google.protobuf.Struct`.
pub(super) fn encoded(members: &Map<String, Value>) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in members {
        let mut entry = Vec::new();
        put(&mut entry, 1, name.as_bytes());
        put(&mut entry, 2, &encoded_value(value));
        put(&mut out, 1, &entry);
    }
    out
}

fn encoded_value(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Value::Null => put_number(&mut out, 1, 0),
        Value::Number(number) => put_double(&mut out, 2, number.as_f64().unwrap_or_default()),
        Value::String(text) => put(&mut out, 3, text.as_bytes()),
        Value::Bool(flag) => put_number(&mut out, 4, u64::from(*flag)),
        Value::Object(members) => put(&mut out, 5, &encoded(members)),
        Value::Array(items) => {
            let mut list = Vec::new();
            items.iter().for_each(|item| put(&mut list, 1, &encoded_value(item)));
            put(&mut out, 6, &list);
        }
    }
    out
}
