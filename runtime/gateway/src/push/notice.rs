//! What a push notification is about.
//!
//! SPEC: A2A 1.0.1 section 4.3.3, `StreamResponse`; A2A 0.3.0 section 9.5, where it is a `Task`, or
//! an event that says so in `kind`.

use super::error::PushError;
use crate::object::Object;

/// A notification, as far as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) task: String,
    /// Nothing more will happen to the task.
    pub(super) is_last: bool,
}

/// The members of a `StreamResponse`, with the name of the task's id in each.
const EVENTS: [(&str, &str); 4] = [
    ("task", "id"),
    ("statusUpdate", "taskId"),
    ("artifactUpdate", "taskId"),
    ("message", "taskId"),
];

/// States that a task does not leave.
const LAST: [&str; 4] = ["completed", "failed", "canceled", "rejected"];

impl Notice {
    /// Reads a notification.
    pub(super) fn read(body: &[u8]) -> Result<Self, PushError> {
        let object = Object::parse(body).map_err(|_| PushError::Notice("is no JSON object"))?;
        let mut events = EVENTS.iter().filter_map(|(name, id)| Some((object.get(name)?, *id)));
        // SECURITY: what has both forms is of one task to some readers and of another to others.
        let is_bare = object.has("kind") || object.has("id");
        match (is_bare, events.next(), events.next()) {
            (false, Some((event, id)), None) => Self::of_event(&read(event)?, id),
            (true, None, _) => Self::of_event(&object, bare_id(&object)?),
            (false, None, _) => Err(PushError::Notice("names no task")),
            (_, Some(_), _) => Err(PushError::Notice("has two events")),
        }
    }

    fn of_event(event: &Object<'_>, id: &str) -> Result<Self, PushError> {
        let task = text(event, id)?.filter(|task| !task.is_empty());
        let status = event.get("status").map(read).transpose()?;
        let state = status.map(|status| text(&status, "state")).transpose()?.flatten();
        Ok(Self {
            task: task.ok_or(PushError::Notice("names no task"))?,
            is_last: state.is_some_and(|state| is_last(&state)),
        })
    }
}

/// The name of the task's id in what version 0.3 sends.
fn bare_id(object: &Object<'_>) -> Result<&'static str, PushError> {
    let kind = text(object, "kind")?;
    Ok(if kind.is_none_or(|kind| kind == "task") { "id" } else { "taskId" })
}

fn is_last(state: &str) -> bool {
    let state = state.strip_prefix("TASK_STATE_").unwrap_or(state);
    LAST.iter().any(|last| state.eq_ignore_ascii_case(last))
}

fn read(value: &serde_json::value::RawValue) -> Result<Object<'_>, PushError> {
    Object::read(value).map_err(|_| PushError::Notice("has two readings"))
}

fn text(object: &Object<'_>, name: &str) -> Result<Option<String>, PushError> {
    object.text(name).map_err(|_| PushError::Notice("has a field of another type"))
}

#[cfg(test)]
mod tests {
    use super::Notice;

    fn read(body: &str) -> Option<(String, bool)> {
        Notice::read(body.as_bytes()).ok().map(|notice| (notice.task, notice.is_last))
    }

    #[test]
    fn every_form_of_both_versions_names_its_task() {
        for (body, is_last) in [
            (r#"{"task":{"id":"t","status":{"state":"TASK_STATE_WORKING"}}}"#, false),
            (r#"{"task":{"id":"t","status":{"state":"TASK_STATE_COMPLETED"}}}"#, true),
            (r#"{"statusUpdate":{"taskId":"t","status":{"state":"TASK_STATE_CANCELED"}}}"#, true),
            (r#"{"status_update":{"task_id":"t"}}"#, false),
            (r#"{"artifactUpdate":{"taskId":"t","artifact":{}}}"#, false),
            (r#"{"message":{"taskId":"t","parts":[]}}"#, false),
            (r#"{"kind":"task","id":"t","status":{"state":"failed"}}"#, true),
            (r#"{"kind":"status-update","taskId":"t","status":{"state":"working"}}"#, false),
            (r#"{"id":"t","contextId":"c","status":{"state":"rejected"}}"#, true),
        ] {
            assert_eq!(read(body), Some(("t".to_owned(), is_last)), "{body}");
        }
    }

    #[test]
    fn what_names_no_task_or_two_is_refused() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"task":{}}"#,
            r#"{"task":{"id":""}}"#,
            r#"{"task":{"id":1}}"#,
            r#"{"task":{"id":"a","ID":"b"}}"#,
            r#"{"task":{"id":"a"},"statusUpdate":{"taskId":"b"}}"#,
            r#"{"task":{"id":"a"},"task":{"id":"b"}}"#,
            r#"{"task":{"id":"a"}} x"#,
            r#"{"task":{"id":"a"},"id":"b"}"#,
            r#"{"task":{"id":"a"},"kind":"task"}"#,
            r#"{"kind":"status-update","id":"t"}"#,
        ] {
            assert_eq!(read(body), None, "{body}");
        }
    }
}
