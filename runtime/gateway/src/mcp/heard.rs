//! What servers send on their own account, as data. What is not here is not passed on.
//!
//! SPEC: MCP 2026-07-28, schema.ts, "ServerNotification" and "InputRequest"; the tasks extension
//! (SEP-2663); MCP 2025-11-25, schema.ts, "ServerRequest" and "ServerNotification".

use cloister_policy::OperationName;

/// One notification.
#[derive(Debug)]
pub(crate) struct Tells {
    method: &'static str,
    /// What the caller has to be permitted to hear it; `None` where it is about the caller's own
    /// request.
    pub(crate) needs: Option<OperationName>,
    /// The list of tools is not what it was.
    pub(crate) changes_tools: bool,
    /// It names a resource, which the caller has to be permitted to see.
    pub(crate) of_resource: bool,
}

const fn tells(method: &'static str, needs: Option<OperationName>) -> Tells {
    Tells { method, needs, changes_tools: false, of_resource: false }
}

static NOTIFICATIONS: [Tells; 11] = [
    tells("notifications/cancelled", None),
    tells("notifications/progress", None),
    tells("notifications/message", None),
    tells("notifications/subscriptions/acknowledged", None),
    Tells {
        changes_tools: true,
        ..tells("notifications/tools/list_changed", Some(OperationName::ToolsList))
    },
    tells("notifications/prompts/list_changed", Some(OperationName::PromptsList)),
    tells("notifications/resources/list_changed", Some(OperationName::ResourcesList)),
    Tells { of_resource: true, ..tells("notifications/resources/updated", None) },
    tells("notifications/elicitation/complete", Some(OperationName::Respond)),
    tells("notifications/tasks/status", Some(OperationName::TaskGet)),
    tells("notifications/tasks", Some(OperationName::TaskGet)),
];

/// Requests of servers in the legacy era.
const REQUESTS: [&str; 8] = [
    "ping",
    "roots/list",
    "sampling/createMessage",
    "elicitation/create",
    "tasks/get",
    "tasks/result",
    "tasks/list",
    "tasks/cancel",
];

/// Requests that an answer of the modern era may hold.
const INPUT_REQUESTS: [&str; 3] = ["roots/list", "sampling/createMessage", "elicitation/create"];

/// The code of the error that stands in for an answer which is withheld: the one for whatever
/// policy does not permit.
pub(crate) const WITHHELD: i32 = -31403;

/// The code of the error that a server's request is answered with that nobody knows.
///
/// SPEC: JSON-RPC 2.0, section 5.1, "Method not found".
pub(crate) const UNKNOWN: i32 = -32601;

/// The row of a notification; names are compared exactly.
pub(crate) fn notification(method: &str) -> Option<&'static Tells> {
    NOTIFICATIONS.iter().find(|row| row.method == method)
}

/// Whether servers ask this.
pub(crate) fn is_request(method: &str) -> bool {
    REQUESTS.contains(&method)
}

/// Whether answers ask this.
pub(crate) fn is_input_request(method: &str) -> bool {
    INPUT_REQUESTS.contains(&method)
}
