//! What a server says of one of its tools: a model acts on it, so that it must not change unnoticed.

use core::fmt;
use core::str::FromStr;

use cloister_attestation::jcs;
use cloister_audit::Hash;
use serde_json::value::RawValue;

use super::parameter::{Mirrors, mirrors};
use crate::envelope::parse_object;
use crate::object::{Object, ObjectError};

/// SHA-256 over the canonical form (RFC 8785) of everything that a server says of a tool.
///
/// Nothing is left out of it: what one client ignores, another shows to its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ToolDigest(Hash);

/// The text is no digest of a tool's definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tool's digest is sha256: and 64 hexadecimal digits")]
pub struct ToolDigestError;

const PREFIX: &str = "sha256:";

impl ToolDigest {
    /// The digest of each tool in a list: the result of `tools/list`, or the whole JSON-RPC
    /// response, in the order of the list.
    ///
    /// # Errors
    /// [`ObjectError`] for what is no such list, or has two readings.
    pub fn of_list(list: &[u8]) -> Result<Vec<(String, Self)>, ObjectError> {
        let message = Object::parse(list)?;
        let result = message.get("result").map(Object::read).transpose()?;
        let result = result.as_ref().unwrap_or(&message);
        let tools = result.get("tools").ok_or(ObjectError::NotObject)?;
        let tools: Vec<&RawValue> =
            serde_json::from_str(tools.get()).map_err(|_| ObjectError::NotJson)?;
        let digests = tools.into_iter().map(|tool| {
            let name = Object::read(tool)?.text("name")?.ok_or(ObjectError::NotObject)?;
            let definition = Definition::read(tool).ok_or(ObjectError::NotJson)?;
            Ok((name, definition.digest))
        });
        digests.collect()
    }

    /// As records have it.
    pub(crate) const fn hash(self) -> Hash {
        self.0
    }
}

impl fmt::Display for ToolDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.0)
    }
}

impl FromStr for ToolDigest {
    type Err = ToolDigestError;

    fn from_str(text: &str) -> Result<Self, ToolDigestError> {
        let digits = text.strip_prefix(PREFIX).filter(|digits| is_lower(digits));
        digits.and_then(Hash::from_hex).map(Self).ok_or(ToolDigestError)
    }
}

fn is_lower(digits: &str) -> bool {
    !digits.bytes().any(|digit| digit.is_ascii_uppercase())
}

/// One tool's definition, as far as it has to be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) digest: ToolDigest,
    /// Which arguments are mirrored into headers; `None` where the annotations break a rule.
    pub(crate) mirrors: Option<Mirrors>,
}

impl Definition {
    /// Reads an item of a list; `None` if it has no canonical form, or two readings.
    pub(crate) fn read(item: &RawValue) -> Option<Self> {
        let value = jcs::parse(item.get().as_bytes()).ok()?;
        let digest = ToolDigest(Hash::of(jcs::canonical(&value).as_bytes()));
        let mirrors = mirrors(value.get("inputSchema"));
        Some(Self { digest, mirrors })
    }
}

/// A page of a list, and where the next one begins.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) tools: Vec<(String, Definition)>,
    pub(crate) next: Option<String>,
}

impl Page {
    /// Reads a JSON-RPC response; `None` for what is no page, or has two readings.
    pub(crate) fn of_response(response: &[u8]) -> Option<Self> {
        let message = parse_object(response).ok()?;
        let result = Object::read(message.get("result")?).ok()?;
        let items: Vec<&RawValue> = serde_json::from_str(result.get("tools")?.get()).ok()?;
        let tools = items.into_iter().filter_map(|item| {
            let name = Object::read(item).ok()?.text("name").ok()??;
            Some((name, Definition::read(item)?))
        });
        Some(Self { tools: tools.collect(), next: result.text("nextCursor").ok()? })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{Definition, ToolDigest};

    fn digest(definition: &str) -> Option<ToolDigest> {
        let raw: &RawValue = serde_json::from_str(definition).unwrap();
        Definition::read(raw).map(|definition| definition.digest)
    }

    #[test]
    fn the_digest_is_that_of_the_canonical_text() {
        // printf '{"description":"Adds","name":"add"}' | sha256sum
        let known = "sha256:f99ca05f54f5ba99b1ae033148dead884e95aac553430f971b4c353e3c4b113b";
        let written = [
            r#"{"description":"Adds","name":"add"}"#,
            r#"{ "name" : "add", "description": "\u0041dds" }"#,
        ];
        for written in written {
            let digest = digest(written).unwrap();
            assert_eq!(digest.to_string(), known);
            assert_eq!(known.parse(), Ok(digest));
        }
    }

    #[test]
    fn whatever_a_server_says_of_a_tool_is_in_its_digest() {
        let tool = r#"{"name":"a","title":"A","description":"d","inputSchema":{"type":"object"},
            "outputSchema":{},"annotations":{"readOnlyHint":true},"icons":[],"_meta":{"x":1},"more":2}"#;
        let before = digest(tool).unwrap();
        for (from, to) in [
            (r#""name":"a""#, r#""name":"b""#),
            (r#""title":"A""#, r#""title":"B""#),
            (r#""description":"d""#, r#""description":"D""#),
            (r#"{"type":"object"}"#, r#"{"type":"object","x":1}"#),
            (r#""outputSchema":{}"#, r#""outputSchema":{"type":"object"}"#),
            ("true", "false"),
            (r#""icons":[]"#, r#""icons":[{}]"#),
            (r#"{"x":1}"#, r#"{"x":2}"#),
            (r#""more":2"#, r#""more":3"#),
        ] {
            assert!(tool.contains(from), "{from}");
            assert_ne!(digest(&tool.replacen(from, to, 1)), Some(before), "{to}");
        }
        assert_eq!(digest(r#"{"name":"a","name":"a"}"#), None);
    }

    #[test]
    fn only_the_one_way_to_write_a_digest_is_read() {
        let written = digest(r#"{"name":"a"}"#).unwrap().to_string();
        for wrong in [
            String::new(),
            written.to_uppercase(),
            written.replace("sha256:", ""),
            written.replace("sha256:", "sha384:"),
            format!("{written}0"),
            written[..written.len() - 1].to_owned(),
            format!(" {written}"),
        ] {
            assert!(wrong.parse::<ToolDigest>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_list_is_a_result_or_a_response_with_one() {
        let result = r#"{"tools":[{"name":"a"},{"name":"b","description":"x"}]}"#;
        let response = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{result}}}"#);
        let of_result = ToolDigest::of_list(result.as_bytes()).unwrap();
        assert_eq!(of_result, ToolDigest::of_list(response.as_bytes()).unwrap());
        let names: Vec<_> = of_result.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        for odd in ["[]", "{}", r#"{"tools":{}}"#, r#"{"tools":[7]}"#, r#"{"tools":[{}]}"#] {
            assert!(ToolDigest::of_list(odd.as_bytes()).is_err(), "{odd}");
        }
    }
}
