//! What callers and agents send to the gateway.

use cloister_gateway::{Operation, rewritten_card};
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

/// Whatever is classified is a JSON object to an independent reader too, in which the ids stand.
/// That reader keeps numbers as doubles; JSON has larger ones, which the gateway passes on as text.
fn json_rpc(data: &[u8]) -> Outcome {
    let operation = Operation::of_json_rpc(data).ok().flatten();
    assert_eq!(operation, Operation::of_json_rpc(data).ok().flatten());
    if let Some(operation) = &operation {
        let body: Value = match serde_json::from_slice(data) {
            Ok(body) => body,
            Err(error) if error.to_string().starts_with("number out of range") => {
                return Outcome::Accepted;
            }
            Err(error) => panic!("what was classified is not JSON: {error}"),
        };
        assert!(body.is_object());
        let found = strings(&body);
        for id in [&operation.tenant, &operation.task, &operation.context].into_iter().flatten() {
            assert!(found.contains(&id.as_str()), "{id} is nowhere in the body");
        }
    }
    outcome(&operation)
}

const BASE: &str = "http://127.0.0.1:4600/agents/translator";

/// No card that is handed out leads past the gateway, and every one is rewritten to itself.
fn agent_card(data: &[u8]) -> Outcome {
    let Ok(card) = rewritten_card(data, BASE) else { return Outcome::Refused };
    let shown: Value = serde_json::from_str(card.get()).expect("a card is JSON");
    let fields = shown.as_object().expect("a card is an object");
    for (name, value) in fields {
        match folded(name).as_str() {
            "supportedinterfaces" => through(value),
            "url" | "additionalinterfaces" | "signatures" => panic!("{name} is left"),
            _ => {}
        }
    }
    Outcome::Accepted
}

/// A name as the most lenient reader takes it, as far as ASCII goes.
fn folded(name: &str) -> String {
    name.replace('_', "").to_ascii_lowercase()
}

fn through(interfaces: &Value) {
    for interface in interfaces.as_array().expect("a list") {
        let fields = interface.as_object().expect("an interface is an object");
        let urls = fields.iter().filter(|(name, _)| folded(name) == "url");
        let urls: Vec<_> = urls.map(|(_, url)| url.as_str().expect("a URL is text")).collect();
        assert!(matches!(urls[..], [url] if url.starts_with(BASE)), "{urls:?} leads elsewhere");
    }
}

fn strings(value: &Value) -> Vec<&str> {
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
