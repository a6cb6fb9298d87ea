//! The agent: its card, and the one method.
//!
//! SPEC: A2A 1.0, sections 4.4 (agent card), 9 (JSON-RPC binding).

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

pub(crate) const CARD_PATH: &str = "/.well-known/agent-card.json";
pub(crate) const RPC_PATH: &str = "/jsonrpc";

const PARSE_ERROR: i32 = -32700;
const METHOD_NOT_FOUND: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;

/// An agent that says back what it is told.
#[derive(Debug)]
pub(crate) struct Agent {
    card: String,
    answered: AtomicU64,
}

impl Agent {
    pub(crate) fn new(name: &str, port: u16) -> Self {
        Self { card: card(name, port).to_string(), answered: AtomicU64::new(0) }
    }

    pub(crate) fn card(&self) -> &str {
        &self.card
    }

    /// The answer to a JSON-RPC request.
    pub(crate) fn call(&self, request: &[u8]) -> String {
        let request: Value = serde_json::from_slice(request).unwrap_or_default();
        let id = request.get("id").cloned().unwrap_or_default();
        let outcome = match request.get("method").and_then(Value::as_str) {
            Some("SendMessage") => self.send_message(&request),
            Some(_) => Err((METHOD_NOT_FOUND, "this agent knows SendMessage")),
            None => Err((PARSE_ERROR, "not a JSON-RPC request")),
        };
        let answer = match outcome {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err((code, message)) => {
                let error = json!({ "code": code, "message": message });
                json!({ "jsonrpc": "2.0", "id": id, "error": error })
            }
        };
        answer.to_string()
    }

    fn send_message(&self, request: &Value) -> Result<Value, (i32, &'static str)> {
        let message = request.pointer("/params/message").ok_or((INVALID_PARAMS, "no message"))?;
        let number = self.answered.fetch_add(1, Ordering::Relaxed);
        let context = message.get("contextId").and_then(Value::as_str);
        let context = context.map_or_else(|| format!("context-{number}"), str::to_owned);
        let artifact =
            json!({ "artifactId": "answer", "parts": [{ "text": text(message).to_uppercase() }] });
        Ok(json!({ "task": {
            "id": format!("task-{number}"),
            "contextId": context,
            "status": { "state": "TASK_STATE_COMPLETED" },
            "artifacts": [artifact],
        }}))
    }
}

/// The text of all parts.
fn text(message: &Value) -> String {
    let parts = message.get("parts").and_then(Value::as_array).into_iter().flatten();
    parts.filter_map(|part| part.get("text")?.as_str()).collect()
}

fn card(name: &str, port: u16) -> Value {
    let interface = json!({
        "url": format!("http://127.0.0.1:{port}{RPC_PATH}"),
        "protocolBinding": "JSONRPC",
        "protocolVersion": "1.0",
    });
    let skill = json!({
        "id": "shout",
        "name": "Shout",
        "description": "Returns the text in upper case.",
        "tags": ["text"],
    });
    json!({
        "name": name,
        "description": "Says it back, louder.",
        "version": env!("CARGO_PKG_VERSION"),
        "supportedInterfaces": [interface],
        "capabilities": { "streaming": false },
        "defaultInputModes": ["text/plain"],
        "defaultOutputModes": ["text/plain"],
        "skills": [skill],
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Agent;

    fn called(request: &Value) -> Value {
        let agent = Agent::new("small", 9000);
        serde_json::from_str(&agent.call(request.to_string().as_bytes())).unwrap()
    }

    #[test]
    fn a_message_comes_back_in_upper_case_as_a_finished_task() {
        let parts = json!([{ "text": "nobody " }, { "data": 1 }, { "text": "here" }]);
        let message = json!({ "messageId": "m", "role": "ROLE_USER", "parts": parts });
        let request = json!({ "id": 7, "method": "SendMessage", "params": { "message": message } });
        let answer = called(&request);
        let task = &answer["result"]["task"];
        assert_eq!(answer["id"], 7);
        assert_eq!(task["artifacts"][0]["parts"][0]["text"], "NOBODY HERE");
        assert_eq!(task["status"]["state"], "TASK_STATE_COMPLETED");
    }

    #[test]
    fn what_it_does_not_know_is_an_error() {
        let unknown = called(&json!({ "id": "a", "method": "GetTask" }));
        assert_eq!((&unknown["id"], &unknown["error"]["code"]), (&json!("a"), &json!(-32601)));
        assert_eq!(called(&json!({ "method": "SendMessage" }))["error"]["code"], -32602);
        assert_eq!(called(&json!(1))["error"]["code"], -32700);
    }
}
