//! What callers and agents send to the gateway.

use cloister_gateway::{Front, Operation, ScanError, rewritten_card};
use serde_json::{Value, json};

use super::{QUICK, outcome};
use crate::{Outcome, Target};

pub(super) const JSON_RPC: Target = Target {
    name: "json-rpc",
    run: json_rpc,
    seeds: requests,
    bytes_max: 8 * 1024,
    quick_inputs: QUICK,
};

pub(super) const AGENT_CARD: Target = Target {
    name: "agent-card",
    run: agent_card,
    seeds: cards,
    bytes_max: 8 * 1024,
    quick_inputs: QUICK,
};

pub(super) const HTTP_JSON: Target = Target {
    name: "http-json",
    run: http_json,
    seeds: messages,
    bytes_max: 8 * 1024,
    quick_inputs: QUICK,
};

pub(super) const GRPC: Target =
    Target { name: "grpc", run: grpc, seeds: frames, bytes_max: 8 * 1024, quick_inputs: QUICK };

/// Whatever is classified is a JSON object to an independent reader too, in which the ids stand.
fn json_rpc(data: &[u8]) -> Outcome {
    let operation = Operation::of_json_rpc(data).ok().flatten();
    assert_eq!(operation, Operation::of_json_rpc(data).ok().flatten());
    operation.iter().for_each(|operation| stands_in_json(operation, data));
    outcome(&operation)
}

/// The same of a body that is read as it streams by, and wherever its pieces end.
fn http_json(data: &[u8]) -> Outcome {
    let mut accepted = None;
    for (version, path) in [("1.0", "message:send"), ("0.3", "v1/message:send")] {
        let read =
            |step| Operation::of_http_json(version, &http::Method::POST, path, data.chunks(step));
        let operation = in_any_pieces(data, read);
        operation.iter().for_each(|operation| stands_in_json(operation, data));
        accepted = accepted.or(operation);
    }
    outcome(&accepted)
}

/// A message that is read is exactly one frame, the ids stand in it, and its pieces do not matter.
fn grpc(data: &[u8]) -> Outcome {
    let mut accepted = None;
    for method in [
        "/lf.a2a.v1.A2AService/SendMessage",
        "/lf.a2a.v1.A2AService/GetTaskPushNotificationConfig",
        "/a2a.v1.A2AService/SendMessage",
        "/a2a.v1.A2AService/CreateTaskPushNotificationConfig",
    ] {
        let operation = in_any_pieces(data, |step| Operation::of_grpc(method, data.chunks(step)));
        if let Some(operation) = &operation {
            let length = data.get(1..5).expect("a head").try_into().expect("four bytes");
            let length = usize::try_from(u32::from_be_bytes(length)).expect("a length");
            assert_eq!(data.len(), 5 + length);
            for id in ids(operation) {
                let stands = data.windows(id.len()).any(|part| part == id.as_bytes());
                assert!(stands, "{id} is nowhere in the message");
            }
        }
        accepted = accepted.or(operation);
    }
    outcome(&accepted)
}

fn in_any_pieces(
    data: &[u8],
    read: impl Fn(usize) -> Result<Option<Operation>, ScanError>,
) -> Option<Operation> {
    let whole = read(data.len().max(1));
    for step in [1, 2, 3, 7, 64] {
        assert_eq!(read(step), whole, "in pieces of {step}");
    }
    whole.ok().flatten()
}

fn ids(operation: &Operation) -> impl Iterator<Item = &String> {
    let named = [&operation.tenant, &operation.task, &operation.context, &operation.config];
    named.into_iter().flatten().chain(&operation.references)
}

/// The independent reader keeps numbers as doubles and text as Unicode; JSON has larger numbers and
/// halves of characters, which the gateway passes on as they are.
fn stands_in_json(operation: &Operation, data: &[u8]) {
    let body: Value = match serde_json::from_slice(data) {
        Ok(body) => body,
        Err(error) => {
            let error = error.to_string();
            let kept = ["number out of range", "surrogate", "hex escape"];
            assert!(kept.iter().any(|kept| error.contains(kept)), "not JSON: {error}");
            return;
        }
    };
    assert!(body.is_object());
    let found = strings(&body);
    for id in ids(operation) {
        assert!(found.contains(&id.as_str()), "{id} is nowhere in the body");
    }
}

const BASE: &str = "http://127.0.0.1:4600/agents/translator";

const DOOR: &str = "127.80.7.1:4600";

/// No card that is handed out leads past the gateway, and every one is rewritten to itself.
fn agent_card(data: &[u8]) -> Outcome {
    let front = Front { base: BASE.to_owned(), grpc: Some(DOOR.to_owned()) };
    let Ok(card) = rewritten_card(data, &front) else { return Outcome::Refused };
    let again = rewritten_card(card.get().as_bytes(), &front).expect("what is shown is a card");
    assert_eq!(again.get(), card.get());
    let shown: Value = serde_json::from_str(card.get()).expect("a card is JSON");
    let fields = shown.as_object().expect("a card is an object");
    for (name, value) in fields {
        match folded(name).as_str() {
            "supportedinterfaces" | "additionalinterfaces" => through(value),
            "url" => assert!(leads_here(value), "{value} leads elsewhere"),
            "signatures" => panic!("{name} is left"),
            _ => {}
        }
    }
    Outcome::Accepted
}

fn leads_here(url: &Value) -> bool {
    url.as_str().is_some_and(|url| url.starts_with(BASE) || url == DOOR)
}

/// A name as the most lenient reader takes it, as far as ASCII goes.
pub(super) fn folded(name: &str) -> String {
    name.replace('_', "").to_ascii_lowercase()
}

fn through(interfaces: &Value) {
    for interface in interfaces.as_array().expect("a list") {
        let fields = interface.as_object().expect("an interface is an object");
        let urls = fields.iter().filter(|(name, _)| folded(name) == "url");
        let urls: Vec<_> = urls.map(|(_, url)| url).collect();
        assert!(matches!(urls[..], [url] if leads_here(url)), "{urls:?} leads elsewhere");
    }
}

/// Every text in a document, names of members aside.
pub(super) fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(fields) => fields.values().flat_map(strings).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

fn requests() -> Vec<Vec<u8>> {
    let message =
        json!({"messageId": "m", "taskId": "t", "context_id": "c", "parts": [{"text": "\u{e9}"}]});
    let requests = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "SendMessage",
            "params": {"tenant": "acme", "message": message}}),
        json!({"jsonrpc": "2.0", "id": "a", "method": "GetTask", "params": {"id": "t", "historyLength": 3}}),
        json!({"id": -1.5e3, "method": "ListTasks", "params": {"contextId": "c"}}),
        json!({"id": 2, "method": "GetTaskPushNotificationConfig", "params": {"id": "p", "taskId": "t"}}),
        json!({"id": 3, "method": "GetExtendedAgentCard"}),
    ];
    requests.iter().map(|request| request.to_string().into_bytes()).collect()
}

fn messages() -> Vec<Vec<u8>> {
    let message = json!({"messageId": "m", "taskId": "t", "context_id": "c",
        "parts": [{"text": "\u{e9}"}, {"data": [1.5e3, null, {"taskId": "no"}]}], "referenceTaskIds": ["r"]});
    let configuration = json!({"taskPushNotificationConfig": {"url": "http://x/", "taskId": "t"}});
    let bodies = [
        json!({"tenant": "acme", "message": message, "configuration": configuration}),
        json!({"request": message, "configuration": {"push_notification": {}}, "metadata": {}}),
    ];
    bodies.iter().map(|body| body.to_string().into_bytes()).collect()
}

/// A message in its frame, written by hand: tenant, message and configuration, or ids alone.
fn frames() -> Vec<Vec<u8>> {
    let messages: [&[u8]; 4] = [
        b"\x0a\x04acme\x12\x14\x0a\x01m\x12\x01c\x1a\x01t\x2a\x04\x0a\x02\xc3\xa9\x42\x01r\x20\x01\x1a\x05\x12\x03\x1a\x01t",
        b"\x12\x01t\x1a\x01p",
        b"\x0a\x09\x12\x01c\x1a\x01t\x2a\x01x\x12\x02\x12\x00",
        b"\x0a\x07tasks/t\x12\x01p\x1a\x23\x0a\x21tasks/t/pushNotificationConfigs/p",
    ];
    let framed = messages.iter().map(|message| {
        let length = u32::try_from(message.len()).expect("short").to_be_bytes();
        [&[0], &length[..], message].concat()
    });
    framed.collect()
}

fn cards() -> Vec<Vec<u8>> {
    let card = json!({
        "name": "Translator",
        "url": "http://127.0.0.1:9000/v03",
        "additionalInterfaces": [{"url": "http://10.0.0.7/rest", "transport": "HTTP+JSON"}],
        "supportedInterfaces": [
            {"url": "http://127.0.0.1:9000/rpc?x=1", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
            {"url": "127.0.0.1:9001", "protocolBinding": "GRPC", "protocolVersion": "1.0"},
            {"url": "https://example.org/rest/", "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0.1"},
        ],
        "capabilities": {"streaming": true},
        "signatures": [{"protected": "e30", "signature": "AA"}],
    });
    vec![card.to_string().into_bytes()]
}
