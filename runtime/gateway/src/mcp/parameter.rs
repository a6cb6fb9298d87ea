//! Arguments of a tool that its schema has mirrored into headers.
//!
//! SPEC: MCP 2026-07-28, basic/transports/streamable-http, "Custom Headers from Tool Parameters".

use http::HeaderMap;
use http::header::HeaderName;
use serde_json::Value;

use super::error::McpError;
use super::mirror::{PARAM_PREFIX, decoded};

const ANNOTATION: &str = "x-mcp-header";

/// What a mismatch is reported as.
const PARAM: &str = "mcp-param-*";

/// The arguments that are mirrored.
pub(crate) type Mirrors = Vec<Mirror>;

/// One argument that is mirrored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mirror {
    header: HeaderName,
    /// The names of the properties that lead to it.
    path: Vec<String>,
}

/// What a schema says of headers; `None` where an annotation breaks a rule, so that the tool is to
/// be taken for one that is not there.
pub(crate) fn mirrors(schema: Option<&Value>) -> Option<Mirrors> {
    let mut found = Mirrors::new();
    if let Some(schema) = schema {
        walk(schema, &mut Vec::new(), &mut found)?;
    }
    Some(found)
}

/// Goes from property to property. An annotation in any other place breaks the rule.
fn walk(schema: &Value, path: &mut Vec<String>, found: &mut Mirrors) -> Option<()> {
    // Schemas may also be `true` and `false`.
    let Some(members) = schema.as_object() else { return Some(()) };
    for (keyword, value) in members {
        match (keyword.as_str(), value.as_object()) {
            ("properties", Some(properties)) => {
                for (name, property) in properties {
                    path.push(name.clone());
                    annotation(property, path, found)?;
                    walk(property, path, found)?;
                    path.pop();
                }
            }
            // Of a property it has been read; a schema as a whole cannot be mirrored.
            (ANNOTATION, _) if path.is_empty() => return None,
            (ANNOTATION, _) => {}
            _ if annotates(value) => return None,
            _ => {}
        }
    }
    Some(())
}

/// Whether there is an annotation anywhere inside.
fn annotates(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.contains_key(ANNOTATION) || members.values().any(annotates)
        }
        Value::Array(items) => items.iter().any(annotates),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn annotation(property: &Value, path: &[String], found: &mut Mirrors) -> Option<()> {
    let Some(name) = property.get(ANNOTATION) else { return Some(()) };
    let kind = property.get("type").and_then(Value::as_str);
    if !matches!(kind, Some("string" | "integer" | "boolean")) {
        return None;
    }
    let name = name.as_str().filter(|name| !name.is_empty())?;
    let header = HeaderName::try_from(format!("{PARAM_PREFIX}{name}")).ok()?;
    if found.iter().any(|mirror| mirror.header == header) {
        return None;
    }
    found.push(Mirror { header, path: path.to_vec() });
    Some(())
}

/// Checks that the headers say what the arguments say, all of it and nothing else of these names.
/// That each is there once was checked before. Without arguments they are `null`.
pub(crate) fn check(
    mirrors: &[Mirror],
    headers: &HeaderMap,
    arguments: &Value,
) -> Result<(), McpError> {
    let agrees = |mirror: &Mirror| {
        let said = headers.get(&mirror.header).map(|value| value.to_str().ok().and_then(decoded));
        let meant = mirror.path.iter().try_fold(arguments, |value, name| value.get(name));
        match (said, meant.filter(|value| !value.is_null())) {
            (None, None) => true,
            (Some(Some(said)), Some(meant)) => says(&said, meant),
            _ => false,
        }
    };
    if mirrors.iter().all(agrees) { Ok(()) } else { Err(McpError::HeaderMismatch(PARAM)) }
}

/// Whether a header's decoded value is that of an argument; numbers are compared as numbers.
fn says(said: &str, meant: &Value) -> bool {
    match meant {
        Value::String(text) => said == text,
        Value::Bool(flag) => said == if *flag { "true" } else { "false" },
        Value::Number(number) => {
            let plain = said
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
            let said = said.parse::<f64>().ok().filter(|_| plain);
            said.is_some_and(|said| {
                Some(said) == number.as_f64() && said.fract() == 0.0 && said.abs() <= SAFE_MAX
            })
        }
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// The largest whole number that every reader of JSON reads alike.
const SAFE_MAX: f64 = 9_007_199_254_740_991.0;

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::{HeaderName, HeaderValue};
    use serde_json::{Value, json};

    use super::{check, mirrors};

    fn schema() -> Value {
        json!({"type": "object", "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "options": {"type": "object", "properties": {
                "limit": {"type": "integer", "x-mcp-header": "Limit"},
                "dry": {"type": "boolean", "x-mcp-header": "Dry-Run"},
            }},
            "query": {"type": "string"},
        }})
    }

    fn agrees(headers: &[(&'static str, &'static str)], arguments: &Value) -> bool {
        let mirrors = mirrors(Some(&schema())).unwrap();
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        check(&mirrors, &headers, arguments).is_ok()
    }

    #[test]
    fn each_header_says_what_its_argument_says() {
        let arguments =
            json!({"region": "us-west1", "query": "x", "options": {"limit": 42, "dry": true}});
        let region = ("mcp-param-region", "us-west1");
        let (limit, dry) = (("mcp-param-limit", "42"), ("mcp-param-dry-run", "true"));
        assert!(agrees(&[region, limit, dry], &arguments));
        assert!(agrees(&[region, ("mcp-param-limit", "42.0"), dry], &arguments));
        assert!(agrees(&[("mcp-param-region", "=?base64?dXMtd2VzdDE=?="), limit, dry], &arguments));
        assert!(agrees(&[region, limit, dry, ("mcp-param-other", "x")], &arguments));
        for wrong in [
            vec![limit, dry],
            vec![region, dry],
            vec![region, limit],
            vec![("mcp-param-region", "us-east1"), limit, dry],
            vec![("mcp-param-region", "=?base64?dXMtZWFzdDE=?="), limit, dry],
            vec![region, ("mcp-param-limit", "43"), dry],
            vec![region, ("mcp-param-limit", "0x2a"), dry],
            vec![region, ("mcp-param-limit", "inf"), dry],
            vec![region, limit, ("mcp-param-dry-run", "false")],
            vec![region, limit, ("mcp-param-dry-run", "True")],
        ] {
            assert!(!agrees(&wrong, &arguments), "{wrong:?}");
        }
    }

    #[test]
    fn what_the_arguments_do_not_have_no_header_says() {
        let region = ("mcp-param-region", "us-west1");
        for arguments in
            [Value::Null, json!({}), json!({"region": null}), json!({"Region": "us-west1"})]
        {
            assert!(agrees(&[], &arguments), "{arguments}");
            assert!(!agrees(&[region], &arguments), "{arguments}");
        }
        let of_another_kind = json!({"region": ["us-west1"]});
        assert!(!agrees(&[region], &of_another_kind));
        assert!(!agrees(&[], &of_another_kind));
    }

    #[test]
    fn annotations_that_break_a_rule_make_the_definition_invalid() {
        let property = |property: Value| json!({"type": "object", "properties": {"a": property}});
        let text = |name: &str| json!({"type": "string", "x-mcp-header": name});
        for broken in [
            property(text("")),
            property(text("a b")),
            property(text("a\r\nb")),
            property(text("é")),
            property(json!({"type": "string", "x-mcp-header": 7})),
            property(json!({"type": "number", "x-mcp-header": "A"})),
            property(json!({"type": "object", "x-mcp-header": "A"})),
            property(json!({"type": ["string", "null"], "x-mcp-header": "A"})),
            property(json!({"x-mcp-header": "A"})),
            property(json!({"type": "array", "items": text("A")})),
            property(json!({"anyOf": [text("A")]})),
            json!({"x-mcp-header": "A"}),
            json!({"allOf": [property(text("A"))]}),
            json!({"$defs": {"a": text("A")}}),
            json!({"properties": {"a": text("A"), "b": text("a")}}),
        ] {
            assert_eq!(mirrors(Some(&broken)), None, "{broken}");
        }
        assert_eq!(mirrors(None), Some(Vec::new()));
        // A property that is only called so.
        assert_eq!(mirrors(Some(&property(json!({"type": "string"})))), Some(Vec::new()));
    }
}
