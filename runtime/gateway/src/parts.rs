//! The media types of a message's parts: what policy may decide over, of a message that is read.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use crate::object::{Object, ObjectError};

/// What a part is that does not say so itself.
const PLAIN: &str = "text/plain";
const JSON: &str = "application/json";
const UNKNOWN: &str = "application/octet-stream";

/// The media types that the parts of `message` have, each once.
///
/// SPEC: A2A 1.0.1 section 4.1.6 (`Part`), and 0.3 (`TextPart`, `FilePart`, `DataPart`).
pub(crate) fn media_types(message: &Object<'_>) -> Result<Vec<String>, ObjectError> {
    let Some(parts) = message.get("parts") else { return Ok(Vec::new()) };
    let parts: Vec<&RawValue> =
        serde_json::from_str(parts.get()).map_err(|_| ObjectError::NotJson)?;
    let types: BTreeSet<String> = parts.into_iter().map(media_type).collect::<Result<_, _>>()?;
    Ok(types.into_iter().collect())
}

fn media_type(part: &RawValue) -> Result<String, ObjectError> {
    let part = Object::read(part)?;
    let file = part.get("file").map(Object::read).transpose()?;
    let declared = match (part.text("mediaType")?, file) {
        (Some(declared), _) => Some(declared),
        (None, Some(file)) => file.text("mimeType")?,
        (None, None) => None,
    };
    Ok(declared.map_or_else(|| undeclared(&part).to_owned(), |it| it.to_ascii_lowercase()))
}

fn undeclared(part: &Object<'_>) -> &'static str {
    let has = |name| part.get(name).is_some();
    match (has("text"), has("data")) {
        (true, _) => PLAIN,
        (false, true) => JSON,
        (false, false) => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::media_types;
    use crate::object::Object;

    fn types(parts: &str) -> Option<Vec<String>> {
        let message = format!("{{\"parts\":{parts}}}");
        media_types(&Object::parse(message.as_bytes()).unwrap()).ok()
    }

    #[test]
    fn every_part_counts_in_both_eras() {
        let now =
            r#"[{"text":"x"},{"data":{}},{"raw":"AA==","mediaType":"image/PNG"},{"url":"x"}]"#;
        let all = ["application/json", "application/octet-stream", "image/png", "text/plain"];
        assert_eq!(types(now).unwrap(), all);
        let before = r#"[{"kind":"text","text":"x"},{"kind":"data","data":{}},{"kind":"file",
            "file":{"bytes":"AA==","mimeType":"image/png"}},{"kind":"file","file":{"uri":"x"}}]"#;
        assert_eq!(types(before).unwrap(), all);
        assert_eq!(types(r#"[{"text":"<p>","media_type":"text/html"}]"#).unwrap(), ["text/html"]);
        assert_eq!(types("[]").unwrap(), [""; 0]);
    }

    #[test]
    fn parts_with_two_readings_have_no_type() {
        for parts in
            ["{}", "[1]", r#"[{"mediaType":1}]"#, r#"[{"mediaType":"a","media_type":"b"}]"#]
        {
            assert_eq!(types(parts), None, "{parts}");
        }
    }
}
