//! Push notifications: where they are asked for, and what they say.

use cloister_gateway::{Operation, notified_task, rewritten_push_request};
use serde_json::{Value, json};

use super::gateway::{folded, strings};
use super::mcp::target;
use super::outcome;
use crate::{Outcome, Target};

pub(super) const REQUEST: Target = target("push-request", request, requests);
pub(super) const NOTIFICATION: Target = target("push-notification", notification, notifications);

const REFERENCE: &str = "https://cloister.invalid/push/x";

/// Whatever a reader takes for the configuration leads where the runtime says, without a secret.
fn request(data: &[u8]) -> Outcome {
    let Ok(Some(operation)) = Operation::of_json_rpc(data) else { return Outcome::Refused };
    let Some(sent) = rewritten_push_request(&operation, data, REFERENCE) else {
        return Outcome::Refused;
    };
    let again = rewritten_push_request(&operation, &sent, REFERENCE);
    assert_eq!(again.as_ref(), Some(&sent), "it is not rewritten to itself");
    // Larger numbers, and halves of characters, are passed on as they are.
    let Ok(sent) = serde_json::from_slice::<Value>(&sent) else { return Outcome::Accepted };
    let configs = configs(&sent);
    assert!(!configs.is_empty(), "nothing was rewritten in {sent}");
    for config in configs {
        assert_eq!(members(config, "url"), [REFERENCE], "{config}");
        for secret in ["token", "authentication"] {
            assert!(members(config, secret).is_empty(), "{config}");
        }
    }
    Outcome::Accepted
}

/// Every value that a reader who minds neither case nor underscores takes for a member.
fn members<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    let named = value.as_object().into_iter().flatten();
    named.filter(|(known, _)| folded(known) == name).map(|(_, value)| value).collect()
}

fn within<'a>(values: &[&'a Value], name: &str) -> Vec<&'a Value> {
    values.iter().flat_map(|value| members(value, name)).collect()
}

/// Where any version has a configuration in a request, and a URL in it.
fn configs(request: &Value) -> Vec<&Value> {
    let params = members(request, "params");
    let configuration = within(&params, "configuration");
    let mut found = [params.clone(), within(&params, "pushnotificationconfig")].concat();
    for name in ["taskpushnotificationconfig", "pushnotificationconfig", "pushnotification"] {
        found.extend(within(&configuration, name));
    }
    found.retain(|value| !members(value, "url").is_empty());
    found
}

/// The task that is read stands in it, and nothing else could be taken for it.
fn notification(data: &[u8]) -> Outcome {
    let task = notified_task(data);
    assert_eq!(task, notified_task(data));
    if let (Some(task), Ok(said)) = (&task, serde_json::from_slice::<Value>(data)) {
        assert!(strings(&said).contains(&task.as_str()), "{task} is nowhere in {said}");
        let events = ["task", "statusupdate", "artifactupdate", "message"];
        let events: Vec<_> = events.iter().flat_map(|name| members(&said, name)).collect();
        assert!(events.len() <= 1, "two events in {said}");
    }
    outcome(&task)
}

fn requests() -> Vec<Vec<u8>> {
    let config = json!({
        "id": "c", "url": "http://127.0.0.1:9000/hook", "token": "t",
        "authentication": {"scheme": "Bearer", "credentials": "k"},
    });
    let message = json!({"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "x"}]});
    let mut created = config.clone();
    created["taskId"] = json!("t-1");
    let earlier = json!({
        "messageId": "m", "role": "user", "kind": "message",
        "parts": [{"kind": "text", "text": "x"}],
    });
    [
        (
            "SendMessage",
            json!({
                "message": message, "configuration": {"taskPushNotificationConfig": config},
            }),
        ),
        ("CreateTaskPushNotificationConfig", created),
        (
            "message/send",
            json!({
                "message": earlier, "configuration": {"pushNotificationConfig": config},
            }),
        ),
        (
            "tasks/pushNotificationConfig/set",
            json!({
                "taskId": "t-1", "pushNotificationConfig": config,
            }),
        ),
    ]
    .map(|(method, params)| {
        json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
            .to_string()
            .into_bytes()
    })
    .into()
}

fn notifications() -> Vec<Vec<u8>> {
    let status = json!({"state": "TASK_STATE_COMPLETED"});
    [
        json!({"task": {"id": "t-1", "contextId": "c", "status": status}}),
        json!({"statusUpdate": {"taskId": "t-1", "contextId": "c", "status": status}}),
        json!({"artifactUpdate": {"taskId": "t-1", "artifact": {"artifactId": "a", "parts": []}}}),
        json!({"message": {"taskId": "t-1", "messageId": "m", "parts": []}}),
        json!({"kind": "task", "id": "t-1", "status": {"state": "completed"}}),
        json!({"kind": "status-update", "taskId": "t-1", "final": true}),
    ]
    .map(|said| said.to_string().into_bytes())
    .into()
}
