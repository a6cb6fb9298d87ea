//! JSON in which no object says anything twice.

use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;

/// Any JSON value, refused if an object in it has a name twice.
///
/// SECURITY: a parser that takes the last of two values and one that takes the first would read
/// two different documents from the same signed bytes.
pub(super) struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Names).map(|()| Self)
    }
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON in which no name occurs twice")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if names.contains(&name) {
                return Err(A::Error::custom(format!("`{name}` occurs twice")));
            }
            names.insert(name);
            map.next_value::<Unambiguous>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<Unambiguous>()?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Unambiguous;

    fn refused(text: &str) -> bool {
        serde_json::from_str::<Unambiguous>(text).is_err()
    }

    #[test]
    fn a_name_twice_is_refused_at_every_depth() {
        assert!(!refused(r#"{"a":[{"b":1,"c":null},{"b":1.5}],"d":{"a":true,"b":"a"}}"#));
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":[{"b":1,"b":2}]}"#,
            // The same name, written otherwise.
            r#"{"a":1,"\u0061":2}"#,
        ] {
            assert!(refused(text), "{text}");
        }
    }

    #[test]
    fn deep_nesting_ends_with_an_error_and_not_the_stack() {
        assert!(refused(&"[".repeat(100_000)));
    }
}
