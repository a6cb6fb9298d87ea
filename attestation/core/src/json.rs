//! Values as JSON: the digest that names one, and its text in a check.

use core::fmt;

use serde::Serialize;

use crate::bytes::Digest48;

/// Never in JSON, which is UTF-8.
const NO_JSON: u8 = 0xff;

impl Digest48 {
    /// SHA-384 over the JSON of `value`: fields in the order of their declaration, no spaces.
    ///
    /// # Security
    /// A value that has no JSON, which none in this crate is, gets the digest of what there was
    /// of it and of the reason. That names no value that has: nothing is ever admitted by it.
    pub(crate) fn of_json(value: &impl Serialize) -> Self {
        let mut json = Vec::with_capacity(1024);
        if let Err(error) = serde_json::to_writer(&mut json, value) {
            json.push(NO_JSON);
            json.extend_from_slice(error.to_string().as_bytes());
        }
        Self::sha384(&json)
    }
}

/// A value that is shown as JSON.
pub(crate) struct Json<'a, T>(pub(crate) &'a T);

impl<T: Serialize> fmt::Display for Json<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match serde_json::to_string(self.0) {
            Ok(text) => f.write_str(&text),
            Err(error) => write!(f, "no JSON: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Json;
    use crate::bytes::Digest48;

    #[test]
    fn a_digest_is_over_the_text() {
        let value = BTreeMap::from([("a", 1)]);
        assert_eq!(Json(&value).to_string(), r#"{"a":1}"#);
        assert_eq!(Digest48::of_json(&value), Digest48::sha384(br#"{"a":1}"#));
    }

    #[test]
    fn a_value_without_json_has_the_digest_of_no_text() {
        let without = |key: u8| BTreeMap::from([([key], 1)]);
        assert_eq!(Json(&without(1)).to_string(), "no JSON: key must be a string");
        let named = Digest48::of_json(&without(1));
        for text in ["", "{", "{}", r#"{"a":1}"#] {
            assert_ne!(named, Digest48::sha384(text.as_bytes()), "{text}");
        }
    }
}
