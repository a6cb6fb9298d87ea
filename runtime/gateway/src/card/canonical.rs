//! The texts that a card's signature may be over.
//!
//! SPEC: A2A 1.0.1 section 8.4.1, RFC 8785.

use cloister_attestation::jcs::{self, canonical};
use serde_json::{Map, Value};

use super::CardError;
use super::schema::{CARD, Kind, Message, Presence};
use crate::object::field;

/// The canonical texts of one card, all without its signatures.
///
/// The specification's rule is read in more than one way, so that a card can have up to three:
/// - of all of it, as a reader sees it who knows nothing of protobuf;
/// - of the fields of version 1.0, where what has its default value is left out unless it is
///   required or marked `optional`;
/// - the same, where everything empty is left out, as the official Python SDK does.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Canonical {
    whole: String,
    known: Option<[String; 2]>,
}

impl Canonical {
    /// Of a received card.
    pub(super) fn of_json(card: &[u8]) -> Result<Self, CardError> {
        let Value::Object(mut card) = jcs::parse(card).map_err(|_| CardError::Ambiguous)? else {
            return Err(CardError::Ambiguous);
        };
        card.retain(|name, _| field(name) != "signatures");
        let known = known(&card, &CARD);
        Ok(Self::new(known, canonical(&Value::Object(card))))
    }

    fn new(known: Option<Map<String, Value>>, whole: String) -> Self {
        let known = known.map(|known| {
            let known = Value::Object(known);
            let cleaned = cleaned(&known).unwrap_or_else(|| Value::Object(Map::new()));
            [canonical(&known), canonical(&cleaned)]
        });
        Self { whole, known }
    }

    /// The text that leaves nothing out.
    pub(super) fn whole(&self) -> &str {
        &self.whole
    }

    /// Each text once; the ones that most readers look for come first.
    pub(super) fn distinct(&self) -> Vec<&str> {
        let mut texts = Vec::with_capacity(3);
        let known = self.known.iter().flatten().rev().map(String::as_str);
        for text in known.chain([self.whole.as_str()]) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts
    }
}

/// The known fields; `None` if one of them is there twice or is of another type, because readers
/// that know it would refuse the card.
fn known(members: &Map<String, Value>, message: &Message) -> Option<Map<String, Value>> {
    let mut out = Map::new();
    for wanted in message.fields {
        let Some(value) = only(members, wanted.name)? else { continue };
        let value = typed(value, wanted.kind)?;
        if wanted.presence == Presence::Explicit || !is_default(&value) {
            out.insert(wanted.name.to_owned(), value);
        }
    }
    Some(out)
}

/// The member for a field, in whichever spelling. `null` counts as absent, as in ProtoJSON.
fn only<'v>(members: &'v Map<String, Value>, name: &str) -> Option<Option<&'v Value>> {
    let wanted = field(name);
    let mut found = members.iter().filter(|(name, _)| field(name) == wanted);
    let first = found.next().map(|(_, value)| value).filter(|value| !value.is_null());
    found.next().is_none().then_some(first)
}

fn typed(value: &Value, kind: Kind) -> Option<Value> {
    match kind {
        Kind::Text => value.is_string().then(|| value.clone()),
        Kind::Flag => value.is_boolean().then(|| value.clone()),
        Kind::Struct => value.is_object().then(|| value.clone()),
        Kind::One(message) => known(value.as_object()?, message).map(Value::Object),
        Kind::Texts => each(value, Kind::Text),
        Kind::Many(message) => each(value, Kind::One(message)),
        Kind::TextByName => by_name(value, Kind::Text),
        Kind::OneByName(message) => by_name(value, Kind::One(message)),
    }
}

fn each(list: &Value, kind: Kind) -> Option<Value> {
    let items = list.as_array()?.iter().map(|item| typed(item, kind));
    items.collect::<Option<Vec<_>>>().map(Value::Array)
}

fn by_name(object: &Value, kind: Kind) -> Option<Value> {
    let members = object.as_object()?.iter();
    let members = members.map(|(name, value)| Some((name.clone(), typed(value, kind)?)));
    members.collect::<Option<Map<_, _>>>().map(Value::Object)
}

fn is_default(value: &Value) -> bool {
    value == &Value::Bool(false) || is_empty(value)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

/// Without everything that is empty, or becomes so.
fn cleaned(value: &Value) -> Option<Value> {
    let cleaned = match value {
        Value::Array(items) => Value::Array(items.iter().filter_map(cleaned).collect()),
        Value::Object(members) => {
            let kept =
                members.iter().filter_map(|(name, value)| Some((name.clone(), cleaned(value)?)));
            Value::Object(kept.collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    };
    (!is_empty(&cleaned)).then_some(cleaned)
}

#[cfg(test)]
mod tests;
