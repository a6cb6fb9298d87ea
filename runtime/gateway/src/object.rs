//! A JSON object whose members have one reading.
//!
//! Two readers of the same bytes can disagree: on which of two equal keys counts, on whether
//! `task_id` and `taskId` are one field (to ProtoJSON they are), on whether case matters (to Go's
//! decoder it does not). A request that a policy reads one way and an agent another is a way around
//! the policy, so an object in which two members could be the same field is refused.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::limits::JSON_DEPTH_MAX;

/// Why bytes are not one JSON object as the gateway reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// Not JSON in UTF-8, or something follows it.
    #[error("not JSON")]
    NotJson,
    /// JSON of another kind.
    #[error("not a JSON object")]
    NotObject,
    /// Two members that a reader may take for the same field.
    #[error("two members name the same field")]
    Doubled,
    /// Too many containers inside one another.
    #[error("nested deeper than {JSON_DEPTH_MAX} levels")]
    TooDeep,
}

/// The members of one object in their order, values unread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object<'a> {
    members: Vec<Entry<'a>>,
}

/// One member.
#[derive(Clone, Debug)]
struct Entry<'a> {
    /// As it is written.
    name: String,
    /// As the most lenient reader takes it.
    field: String,
    value: Cow<'a, RawValue>,
}

impl<'a> Entry<'a> {
    fn new(name: String, value: Cow<'a, RawValue>) -> Self {
        Self { field: field(&name), name, value }
    }
}

impl<'a> Object<'a> {
    /// Reads the outermost object of received bytes.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, ObjectError> {
        let text = core::str::from_utf8(bytes).map_err(|_| ObjectError::NotJson)?;
        let is_object = bytes.iter().find(|byte| !is_space(**byte)) == Some(&b'{');
        let members = if is_object { members(text)? } else { not_object(text)? };
        if containers(bytes) > JSON_DEPTH_MAX && depth(text) > JSON_DEPTH_MAX {
            return Err(ObjectError::TooDeep);
        }
        if is_object { Self::of(members) } else { Err(ObjectError::NotObject) }
    }

    /// Reads the members of a value inside one that was parsed.
    pub(crate) fn read(value: &'a RawValue) -> Result<Self, ObjectError> {
        if !value.get().starts_with('{') {
            return Err(ObjectError::NotObject);
        }
        Self::of(members(value.get())?)
    }

    fn of(members: Vec<Entry<'a>>) -> Result<Self, ObjectError> {
        if are_distinct(&members) { Ok(Self { members }) } else { Err(ObjectError::Doubled) }
    }

    /// The value of a field, however its name is spelt. `null` counts as absent, as in ProtoJSON.
    pub(crate) fn get(&self, name: &str) -> Option<&RawValue> {
        let entry = self.members.iter().find(|entry| is_field(&entry.field, name))?;
        (entry.value.get() != "null").then_some(&entry.value)
    }

    /// Whether a field is there at all, `null` included.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|entry| is_field(&entry.field, name))
    }

    /// The text of a field; `Err` if it has another type.
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, ObjectError> {
        let text = self.get(name).map(|value| serde_json::from_str(value.get()));
        text.transpose().map_err(|_| ObjectError::NotJson)
    }

    /// The texts of a field that is a list; none where it is absent, `Err` if it has another type.
    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, ObjectError> {
        let texts = self.get(name).map(|value| serde_json::from_str(value.get()));
        texts.transpose().map(Option::unwrap_or_default).map_err(|_| ObjectError::NotJson)
    }

    /// Replaces the value of a field that is there, leaving its name and place.
    pub(crate) fn replace(&mut self, name: &str, value: Box<RawValue>) {
        if let Some(entry) = self.entry(name) {
            entry.value = Cow::Owned(value);
        }
    }

    /// Replaces the value of a field, or adds the field at the end.
    pub(crate) fn set(&mut self, name: &str, value: Box<RawValue>) {
        match self.entry(name) {
            Some(entry) => entry.value = Cow::Owned(value),
            None => self.members.push(Entry::new(name.to_owned(), Cow::Owned(value))),
        }
    }

    /// Removes a field, however its name is spelt.
    pub(crate) fn remove(&mut self, name: &str) {
        self.members.retain(|entry| !is_field(&entry.field, name));
    }

    fn entry(&mut self, name: &str) -> Option<&mut Entry<'a>> {
        self.members.iter_mut().find(|entry| is_field(&entry.field, name))
    }

    /// The object as JSON: kept members have their received bytes.
    pub(crate) fn to_raw(&self) -> Result<Box<RawValue>, serde_json::Error> {
        serde_json::value::to_raw_value(&self)
    }
}

impl serde::Serialize for Object<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.members.iter().map(|entry| (&entry.name, &entry.value)))
    }
}

/// Members before it is known whether they are distinct.
struct Members<'a>(Vec<Entry<'a>>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    members.push(Entry::new(name, Cow::Borrowed(value)));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

/// The bytes of JSON that was written.
pub(crate) fn into_bytes(raw: Box<RawValue>) -> Bytes {
    Bytes::from(Box::<str>::from(raw).into_boxed_bytes())
}

/// The members of a text that begins with an object.
fn members(text: &str) -> Result<Vec<Entry<'_>>, ObjectError> {
    let members: Members<'_> = serde_json::from_str(text).map_err(|_| ObjectError::NotJson)?;
    Ok(members.0)
}

/// No members, of a text that is JSON.
fn not_object<'a>(text: &str) -> Result<Vec<Entry<'a>>, ObjectError> {
    let _value: &RawValue = serde_json::from_str(text).map_err(|_| ObjectError::NotJson)?;
    Ok(Vec::new())
}

/// Whether no two members could be the same field.
fn are_distinct(members: &[Entry<'_>]) -> bool {
    /// Below this many, comparing each with each takes less than remembering them.
    const FEW: usize = 12;
    if members.len() > FEW {
        let mut seen = HashSet::with_capacity(members.len());
        return members.iter().all(|entry| seen.insert(entry.field.as_str()));
    }
    let mut rest = members;
    while let Some((first, others)) = rest.split_first() {
        if others.iter().any(|other| other.field == first.field) {
            return false;
        }
        rest = others;
    }
    true
}

/// SPEC: RFC 8259 section 2, `ws`.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// What a member's name comes down to for the most lenient reader: case folded as Unicode does (so
/// that `ſ` is `s` and the Kelvin sign is `k`), underscores dropped.
pub(crate) fn field(name: &str) -> String {
    if name.is_ascii() {
        return folded(name).map(char::from).collect();
    }
    name.chars()
        .filter(|c| *c != '_')
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether `name` comes down to `known`.
fn is_field(known: &str, name: &str) -> bool {
    if name.is_ascii() { folded(name).eq(known.bytes()) } else { field(name) == known }
}

/// What [`field`] comes to for ASCII.
fn folded(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(|byte| *byte != b'_').map(|byte| byte.to_ascii_lowercase())
}

/// How many containers begin in JSON, if none begins in a text: no fewer than are open at any place.
fn containers(json: &[u8]) -> usize {
    json.iter().filter(|byte| matches!(byte, b'{' | b'[')).count()
}

/// How many containers are open at the deepest place of valid JSON.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{JSON_DEPTH_MAX, Object, ObjectError, field, is_field};

    fn refusal(json: &str) -> ObjectError {
        Object::parse(json.as_bytes()).unwrap_err()
    }

    #[test]
    fn members_that_some_reader_takes_for_one_field_are_refused() {
        for json in [
            r#"{"method":"a","method":"a"}"#,
            r#"{"method":"a","meth\u006fd":"b"}"#,
            r#"{"taskId":1,"task_id":2}"#,
            r#"{"id":1,"ID":2}"#,
            r#"{"_id":1,"id":2}"#,
            r#"{"tasks":1,"ta\u017fks":2}"#,
            r#"{"taskId":1,"tas\u212aId":2}"#,
        ] {
            assert_eq!(refusal(json), ObjectError::Doubled, "{json}");
        }
    }

    #[test]
    fn fields_are_found_however_they_are_spelt() {
        let object = Object::parse(br#" {"task_id" : "x", "other":null} "#).unwrap();
        assert_eq!(object.text("taskId"), Ok(Some("x".to_owned())));
        assert_eq!(object.text("other"), Ok(None));
        assert_eq!(object.text("absent"), Ok(None));
    }

    proptest! {
        #[test]
        fn ascii_names_come_down_to_what_all_others_would(name in "[ -~]{0,12}") {
            let unicode: String = name
                .chars()
                .filter(|c| *c != '_')
                .flat_map(char::to_uppercase)
                .flat_map(char::to_lowercase)
                .collect();
            prop_assert_eq!(&field(&name), &unicode);
            prop_assert!(is_field(&unicode, &name));
        }
    }

    #[test]
    fn many_members_are_compared_like_few() {
        for count in [2, 12, 13, 200] {
            let names: Vec<_> = (0..count).map(|at| format!("\"m{at}\":0")).collect();
            assert!(Object::parse(format!("{{{}}}", names.join(",")).as_bytes()).is_ok());
            let doubled = format!("{{{},\"M_{}\":0}}", names.join(","), count - 1);
            assert_eq!(refusal(&doubled), ObjectError::Doubled, "{count}");
        }
    }

    #[test]
    fn only_one_object_and_nothing_after_it_is_an_object() {
        for json in ["[]", "[{}]", "1", "null", "\"x\""] {
            assert_eq!(refusal(json), ObjectError::NotObject, "{json}");
        }
        for json in ["", "{", "{}{}", "{} x", "{\"a\":}", "{'a':1}", "\u{feff}{}", "{\"a\":NaN}"] {
            assert_eq!(refusal(json), ObjectError::NotJson, "{json}");
        }
        assert_eq!(Object::parse(b"{\"a\":\"\xff\"}").unwrap_err(), ObjectError::NotJson);
    }

    #[test]
    fn depth_counts_containers_and_not_strings() {
        let nested =
            |levels: usize| format!("{{\"a\":{}1{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(Object::parse(nested(JSON_DEPTH_MAX - 1).as_bytes()).is_ok());
        assert_eq!(refusal(&nested(JSON_DEPTH_MAX)), ObjectError::TooDeep);
        assert_eq!(refusal(&nested(100_000)), ObjectError::TooDeep);
        let text = format!("{{\"a\":\"\\\"{}\"}}", "[".repeat(500));
        assert!(Object::parse(text.as_bytes()).is_ok());
    }

    #[test]
    fn kept_members_keep_their_bytes() {
        let json = br#"{"a":1.50e1,"drop":0,"b":{ "x" : [ "\u00e9" ] }}"#;
        let mut object = Object::parse(json).unwrap();
        object.remove("DROP");
        assert_eq!(object.to_raw().unwrap().get(), r#"{"a":1.50e1,"b":{ "x" : [ "\u00e9" ] }}"#);
    }
}
