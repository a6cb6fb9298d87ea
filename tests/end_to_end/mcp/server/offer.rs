//! What the server offers: `offer.json`, in the words of the protocol.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rmcp::model::{InputRequests, Prompt, Resource, ResourceTemplate, ServerCapabilities, Tool};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Read once.
pub(super) static OFFER: LazyLock<Offer> =
    LazyLock::new(|| serde_json::from_str(include_str!("offer.json")).unwrap());

#[derive(Deserialize)]
pub(super) struct Offer {
    pub(super) capabilities: ServerCapabilities,
    pub(super) tools: Vec<Tool>,
    /// What a call of a tool comes to, by its name.
    answers: BTreeMap<String, Value>,
    /// What a tool asks the client in the legacy era.
    pub(super) questions: BTreeMap<String, Value>,
    /// What a tool or a prompt needs of the client first in the modern era.
    pub(super) rounds: BTreeMap<String, Rounds>,
    pub(super) resources: Vec<Resource>,
    pub(super) templates: Vec<ResourceTemplate>,
    contents: BTreeMap<String, Value>,
    pub(super) prompts: Vec<Prompt>,
    messages: BTreeMap<String, Value>,
}

/// Questions to the client, one round after the other.
#[derive(Deserialize)]
pub(super) struct Rounds {
    /// Whether the client has to bring back what the server gave it to keep.
    pub(super) state: bool,
    pub(super) steps: Vec<InputRequests>,
}

impl Offer {
    /// What a call of this tool comes to.
    pub(super) fn answer<T: DeserializeOwned>(&self, tool: &str) -> Option<T> {
        Some(complete(self.answers.get(tool)?.clone()))
    }

    /// The content of a resource. There is one for every id of the template.
    pub(super) fn content(&self, uri: &str) -> Option<Value> {
        if let Some(content) = self.contents.get(uri) {
            let mut content = content.clone();
            content["uri"] = uri.into();
            return Some(content);
        }
        let id = uri.strip_prefix("test://template/")?.strip_suffix("/data")?;
        let data = serde_json::json!({
            "id": id, "templateTest": true, "data": format!("Data for ID: {id}"),
        });
        Some(serde_json::json!({
            "uri": uri, "mimeType": "application/json", "text": data.to_string(),
        }))
    }

    /// A prompt's messages, with the arguments in their places.
    pub(super) fn messages<T: DeserializeOwned>(
        &self,
        prompt: &str,
        arguments: impl IntoIterator<Item = (String, Value)>,
    ) -> Option<T> {
        let mut text = self.messages.get(prompt)?.to_string();
        for (name, value) in arguments {
            text = text.replace(&format!("{{{name}}}"), value.as_str().unwrap_or_default());
        }
        Some(complete(serde_json::from_str(&text).unwrap()))
    }
}

/// A result that says so, as the newest revision wants it; to older ones the SDK does not send it.
fn complete<T: DeserializeOwned>(mut result: Value) -> T {
    result["resultType"] = "complete".into();
    serde_json::from_value(result).unwrap()
}
