//! What callers, tool servers and their programs send.

use cloister_gateway::{EventReader, LineReader, Operation, ToolDigest};
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::gateway::strings;
use super::{QUICK, outcome, twice};
use crate::{Outcome, Target};

pub(super) const fn target(
    name: &'static str,
    run: fn(&[u8]) -> Outcome,
    seeds: fn() -> Vec<Vec<u8>>,
) -> Target {
    Target { name, run, seeds, bytes_max: 8 * 1024, quick_inputs: QUICK }
}

pub(super) const REQUEST: Target = target("mcp-request", request, requests);
pub(super) const TOOL_LIST: Target = target("mcp-tool-list", tool_list, lists);
pub(super) const EVENTS: Target = target("mcp-events", events, streams);
pub(super) const LINES: Target = target("mcp-lines", lines, outputs);

const MODERN: &str = "2026-07-28";

/// Whatever is classified is a message to an independent reader too, of the method and name that
/// were decided over, and no headers are needed for that in the legacy era.
fn request(data: &[u8]) -> Outcome {
    let Ok(body) = serde_json::from_slice::<Value>(data) else {
        // Larger numbers, and halves of characters, are passed on as they are.
        let _no_panic = Operation::of_mcp("calc", &HeaderMap::new(), data);
        return Outcome::Refused;
    };
    let legacy = Operation::of_mcp("calc", &HeaderMap::new(), data);
    let modern = Operation::of_mcp("calc", &mirrored(&body), data);
    for operation in [&legacy, &modern].into_iter().flatten() {
        assert_eq!(lenient(&body, "jsonrpc"), Some("2.0"));
        assert_eq!(operation.server.as_deref(), Some("calc"));
        for named in [&operation.tool, &operation.resource, &operation.task].into_iter().flatten() {
            assert!(strings(&body).contains(&named.as_str()), "{named} is nowhere in the body");
        }
    }
    outcome(&legacy.or(modern))
}

/// The text of a member for the most lenient of readers, who minds neither case nor underscores.
fn lenient<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    let folded = |name: &str| name.replace('_', "").to_uppercase().to_lowercase();
    let (_, value) = object.as_object()?.iter().find(|(known, _)| folded(known) == name)?;
    value.as_str()
}

/// The headers that a client of the modern era would send, as far as they can be written.
fn mirrored(body: &Value) -> HeaderMap {
    let params = &body["params"];
    let name = ["name", "uri", "taskId"].into_iter().find_map(|name| params[name].as_str());
    let said = [
        ("mcp-protocol-version", Some(MODERN)),
        ("mcp-method", body["method"].as_str()),
        ("mcp-name", name),
    ];
    let header = |(name, value): (&'static str, Option<&str>)| {
        Some((name.parse().ok()?, HeaderValue::from_str(value?).ok()?))
    };
    said.into_iter().filter_map(header).collect()
}

/// A list that is read has every tool of it, each with a digest that does not depend on how it is
/// written.
fn tool_list(data: &[u8]) -> Outcome {
    let Some(tools) = twice(data, ToolDigest::of_list) else { return Outcome::Refused };
    for (_, digest) in &tools {
        assert_eq!(digest.to_string().parse(), Ok(*digest));
    }
    if let Ok(list) = serde_json::from_slice::<Value>(data) {
        let again = ToolDigest::of_list(list.to_string().as_bytes());
        assert_eq!(again.as_deref().map(<[_]>::len), Ok(tools.len()));
    }
    Outcome::Accepted
}

/// Events keep every byte up to the last empty line, wherever pieces of the stream end.
fn events(data: &[u8]) -> Outcome {
    let read = |step: usize| {
        let (mut reader, mut found) = (EventReader::default(), Vec::new());
        for piece in data.chunks(step) {
            reader.push(piece).ok()?;
            while let Some(event) = reader.next_event().ok()? {
                found.push(event);
            }
        }
        Some(found)
    };
    let whole = read(data.len().max(1));
    for step in [1, 3, 64] {
        assert_eq!(read(step), whole, "in pieces of {step}");
    }
    let kept = whole.as_ref().map(|events| {
        events.iter().flat_map(|event| event.clone().into_raw().to_vec()).collect::<Vec<_>>()
    });
    assert!(kept.is_none_or(|kept| data.starts_with(&kept)));
    outcome(&whole)
}

/// Lines have no line feeds, and are the same wherever pieces of the output end.
fn lines(data: &[u8]) -> Outcome {
    let read = |step: usize| {
        let (mut reader, mut found) = (LineReader::default(), Vec::new());
        for piece in data.chunks(step) {
            reader.push(piece).expect("short");
            while let Some(line) = reader.next_line() {
                assert!(!line.contains(&b'\n') && !line.is_empty());
                found.push(line);
            }
        }
        found
    };
    let whole = read(data.len().max(1));
    for step in [1, 3, 64] {
        assert_eq!(read(step), whole, "in pieces of {step}");
    }
    if whole.is_empty() { Outcome::Refused } else { Outcome::Accepted }
}

fn requests() -> Vec<Vec<u8>> {
    let meta = json!({"io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {}, "progressToken": "t"});
    let bodies = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": "add", "arguments": {"a": 1.5e3}, "_meta": meta}}),
        json!({"jsonrpc": "2.0", "id": "a", "method": "resources/read", "params": {"uri": "file:///a"}}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "subscriptions/listen", "params": {"_meta": meta,
            "notifications": {"resourceSubscriptions": ["file:///a"]}}}),
        json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}),
        json!({"jsonrpc": "2.0", "id": 3, "result": {"roots": []}}),
        json!({"jsonrpc": "2.0", "id": 4, "method": "completion/complete",
            "params": {"ref": {"type": "ref/prompt", "name": "greet"}}}),
    ];
    bodies.iter().map(|body| body.to_string().into_bytes()).collect()
}

fn lists() -> Vec<Vec<u8>> {
    let tools = json!([
        {"name": "add", "description": "Adds \u{e9}", "inputSchema": {"type": "object", "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"}}}},
        {"name": "sub", "annotations": {"readOnlyHint": true}, "_meta": {"x": [1.5e1, null]}},
    ]);
    let response =
        json!({"jsonrpc": "2.0", "id": 1, "result": {"tools": tools, "nextCursor": "c"}});
    [json!({ "tools": tools }), response].iter().map(|list| list.to_string().into_bytes()).collect()
}

fn streams() -> Vec<Vec<u8>> {
    let stream = ": ping\n\nid: 7\nevent: message\ndata: {\"a\":\ndata:1}\r\n\r\ndata\n\n";
    vec![stream.as_bytes().to_vec(), b"data: {\"jsonrpc\":\"2.0\"}\n\n".to_vec()]
}

fn outputs() -> Vec<Vec<u8>> {
    vec![b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\nlog\r\n\n{}\ncut".to_vec()]
}
