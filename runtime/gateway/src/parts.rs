//! The media types of a message's parts: what policy may decide over, of a message that is read.

use std::collections::BTreeSet;

use serde_json::value::RawValue;

use crate::object::{Object, ObjectError};
use crate::operation::V0_3;
use crate::scan::ScanError;
use crate::wire::{Entry, entries};

/// What a part is that does not say so itself.
const PLAIN: &str = "text/plain";
const JSON: &str = "application/json";
const UNKNOWN: &str = "application/octet-stream";

/// The media types that the parts of `message` have, each once.
///
/// SPEC: A2A 1.0.1 section 4.1.6 (`Part`), and 0.3 (`TextPart`, `FilePart`, `DataPart`).
pub(crate) fn media_types(message: &Object<'_>) -> Result<Vec<String>, ObjectError> {
    types_of(message, &["parts"])
}

/// The same of an HTTP+JSON request that was read whole.
///
/// SPEC: A2A 0.3.0, the protobuf definition, calls the request's message and its parts otherwise.
pub(crate) fn of_http_json(version: &str, body: &[u8]) -> Result<Vec<String>, ScanError> {
    let request = Object::parse(body)?;
    let (names, lists): (&[&str], &[&str]) = match version {
        V0_3 => (&["message", "request"], &["parts", "content"]),
        _ => (&["message"], &["parts"]),
    };
    let message = names.iter().find_map(|name| request.get(name)).ok_or(ScanError::Fields)?;
    Ok(types_of(&Object::read(message)?, lists)?)
}

fn types_of(message: &Object<'_>, lists: &[&str]) -> Result<Vec<String>, ObjectError> {
    let mut types = BTreeSet::new();
    for parts in lists.iter().filter_map(|name| message.get(name)) {
        let parts: Vec<&RawValue> =
            serde_json::from_str(parts.get()).map_err(|_| ObjectError::NotJson)?;
        for part in parts {
            types.insert(media_type(part)?);
        }
    }
    Ok(types.into_iter().collect())
}

/// The numbers of the fields that are read.
///
/// SPEC: A2A 1.0.1, `lf.a2a.v1`: `SendMessageRequest`, `Message`, `Part`; A2A 0.3.0, `a2a.v1`: the
/// same, and `FilePart`.
struct Numbers {
    message: u32,
    parts: u32,
    text: u32,
    data: u32,
    media_type: Option<u32>,
    file: Option<(u32, u32)>,
}

const NOW: Numbers =
    Numbers { message: 2, parts: 5, text: 1, data: 4, media_type: Some(7), file: None };
const BEFORE: Numbers =
    Numbers { message: 1, parts: 5, text: 1, data: 3, media_type: None, file: Some((2, 3)) };

/// The head of a gRPC frame.
const FRAME_HEAD_BYTES: usize = 5;

/// The same of a gRPC request whose one frame was read whole.
pub(crate) fn of_grpc(version: &str, frame: &[u8]) -> Result<Vec<String>, ScanError> {
    let numbers = if version == V0_3 { BEFORE } else { NOW };
    let request = fields(frame.get(FRAME_HEAD_BYTES..).unwrap_or_default())?;
    let message = only(&request, numbers.message)?.ok_or(ScanError::Fields)?;
    let message = fields(message)?;
    let parts = message.iter().filter(|entry| entry.number == numbers.parts);
    let types = parts.map(|part| media_type_of(&fields(bytes(part)?)?, &numbers));
    Ok(types.collect::<Result<BTreeSet<_>, _>>()?.into_iter().collect())
}

fn media_type_of(part: &[Entry<'_>], numbers: &Numbers) -> Result<String, ScanError> {
    let declared = match (numbers.media_type, numbers.file) {
        (Some(number), _) => only(part, number)?,
        (None, Some((file, number))) => match only(part, file)? {
            Some(file) => only(&fields(file)?, number)?,
            None => None,
        },
        (None, None) => None,
    };
    let has = |number| part.iter().any(|entry| entry.number == number);
    let declared = declared.map(core::str::from_utf8).transpose();
    let declared = declared.map_err(|_| ScanError::NotProtobuf)?.filter(|it| !it.is_empty());
    let undeclared = undeclared(has(numbers.text), has(numbers.data));
    Ok(declared.map_or_else(|| undeclared.to_owned(), str::to_ascii_lowercase))
}

fn fields(message: &[u8]) -> Result<Vec<Entry<'_>>, ScanError> {
    entries(message).map_err(|_| ScanError::NotProtobuf)
}

fn bytes<'a>(entry: &Entry<'a>) -> Result<&'a [u8], ScanError> {
    entry.bytes().map_err(|_| ScanError::Fields)
}

/// SECURITY: of a field that is there twice one reader takes the last, and another merges both.
fn only<'a>(message: &[Entry<'a>], number: u32) -> Result<Option<&'a [u8]>, ScanError> {
    let mut found = message.iter().filter(|entry| entry.number == number);
    match (found.next(), found.next()) {
        (None, _) => Ok(None),
        (Some(entry), None) => bytes(entry).map(Some),
        (Some(_), Some(_)) => Err(ScanError::Doubled),
    }
}

fn media_type(part: &RawValue) -> Result<String, ObjectError> {
    let part = Object::read(part)?;
    let file = part.get("file").map(Object::read).transpose()?;
    let declared = match (part.text("mediaType")?, file) {
        (Some(declared), _) => Some(declared),
        (None, Some(file)) => file.text("mimeType")?,
        (None, None) => None,
    };
    let has = |name| part.get(name).is_some();
    let undeclared = undeclared(has("text"), has("data"));
    Ok(declared.map_or_else(|| undeclared.to_owned(), |it| it.to_ascii_lowercase()))
}

const fn undeclared(text: bool, data: bool) -> &'static str {
    match (text, data) {
        (true, _) => PLAIN,
        (false, true) => JSON,
        (false, false) => UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::{media_types, of_grpc, of_http_json};
    use crate::object::Object;
    use crate::operation::{V0_3, V1_0};
    use crate::scan::ScanError;
    use crate::wire::put;

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
    fn http_json_of_both_eras_has_the_same_types() {
        let now =
            br#"{"message":{"parts":[{"text":"x"},{"raw":"AA==","media_type":"Image/PNG"}]}}"#;
        assert_eq!(of_http_json(V1_0, now).unwrap(), ["image/png", "text/plain"]);
        let before = br#"{"request":{"content":[{"text":"x"},
            {"file":{"fileWithBytes":"AA==","mimeType":"image/png"}}]}}"#;
        assert_eq!(of_http_json(V0_3, before).unwrap(), ["image/png", "text/plain"]);
        for bad in [&b"{}"[..], b"{\"message\":1}", b"{\"message\":{\"parts\":{}}}"] {
            assert!(of_http_json(V1_0, bad).is_err());
        }
    }

    /// A gRPC frame around a request with these parts.
    fn frame(message: u32, parts: &[Vec<u8>]) -> Vec<u8> {
        let (mut inner, mut request) = (Vec::new(), Vec::new());
        parts.iter().for_each(|part| put(&mut inner, 5, part));
        put(&mut request, message, &inner);
        [&[0, 0, 0, 0, 0], request.as_slice()].concat()
    }

    fn part(fields: &[(u32, &[u8])]) -> Vec<u8> {
        let mut part = Vec::new();
        fields.iter().for_each(|(number, bytes)| put(&mut part, *number, bytes));
        part
    }

    #[test]
    fn grpc_of_both_eras_has_the_same_types() {
        let png = b"image/PNG".as_slice();
        let now = [
            part(&[(1, b"x")]),
            part(&[(4, b"")]),
            part(&[(2, b"y"), (7, png)]),
            part(&[(3, b"u")]),
        ];
        let all = ["application/json", "application/octet-stream", "image/png", "text/plain"];
        assert_eq!(of_grpc(V1_0, &frame(2, &now)).unwrap(), all);
        let file = part(&[(2, b"y"), (3, png)]);
        let bare = part(&[(1, b"u")]);
        let before =
            [part(&[(1, b"x")]), part(&[(3, b"")]), part(&[(2, &file)]), part(&[(2, &bare)])];
        assert_eq!(of_grpc(V0_3, &frame(1, &before)).unwrap(), all);
    }

    #[test]
    fn a_grpc_part_with_two_readings_has_no_type() {
        let twice = part(&[(1, b"x"), (7, b"text/html"), (7, b"text/plain")]);
        assert_eq!(of_grpc(V1_0, &frame(2, &[twice])), Err(ScanError::Doubled));
        let odd = part(&[(7, b"\xff")]);
        assert_eq!(of_grpc(V1_0, &frame(2, &[odd])), Err(ScanError::NotProtobuf));
        assert_eq!(of_grpc(V1_0, &frame(1, &[])), Err(ScanError::Fields));
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
