//! The methods of MCP, as data. What is not here is refused.
//!
//! SPEC: MCP 2026-07-28, schema.ts; the tasks extension (SEP-2663); MCP 2025-11-25, 2025-06-18 and
//! 2025-03-26, schema.ts.

use cloister_policy::OperationName;

use super::revision::{Era, Revision};

/// Where in the parameters the thing is that a method is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// Nothing in particular.
    Nothing,
    /// A tool: `name`.
    Tool,
    /// A prompt: `name`.
    Prompt,
    /// A resource: `uri`.
    Resource,
    /// A prompt or a resource: `ref`.
    Reference,
    /// A task: `taskId`.
    Task,
}

/// One method that a client calls.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) method: &'static str,
    pub(crate) name: OperationName,
    pub(crate) about: About,
    since: Revision,
    until: Revision,
}

const fn row(
    method: &'static str,
    name: OperationName,
    about: About,
    since: Revision,
    until: Revision,
) -> Row {
    Row { method, name, about, since, until }
}

const FIRST: Revision = Revision::March2025;
const TASKS: Revision = Revision::November2025;
const LAST_LEGACY: Revision = Revision::November2025;
const LATEST: Revision = Revision::July2026;

/// Every request.
static REQUESTS: &[Row] = &[
    row("server/discover", OperationName::Discover, About::Nothing, LATEST, LATEST),
    row("initialize", OperationName::Initialize, About::Nothing, FIRST, LAST_LEGACY),
    row("ping", OperationName::Ping, About::Nothing, FIRST, LAST_LEGACY),
    row("tools/list", OperationName::ToolsList, About::Nothing, FIRST, LATEST),
    row("tools/call", OperationName::ToolsCall, About::Tool, FIRST, LATEST),
    row("resources/list", OperationName::ResourcesList, About::Nothing, FIRST, LATEST),
    row(
        "resources/templates/list",
        OperationName::ResourceTemplatesList,
        About::Nothing,
        FIRST,
        LATEST,
    ),
    row("resources/read", OperationName::ResourcesRead, About::Resource, FIRST, LATEST),
    row(
        "resources/subscribe",
        OperationName::ResourcesSubscribe,
        About::Resource,
        FIRST,
        LAST_LEGACY,
    ),
    row(
        "resources/unsubscribe",
        OperationName::ResourcesUnsubscribe,
        About::Resource,
        FIRST,
        LAST_LEGACY,
    ),
    row("prompts/list", OperationName::PromptsList, About::Nothing, FIRST, LATEST),
    row("prompts/get", OperationName::PromptsGet, About::Prompt, FIRST, LATEST),
    row("completion/complete", OperationName::Complete, About::Reference, FIRST, LATEST),
    row("logging/setLevel", OperationName::SetLogLevel, About::Nothing, FIRST, LAST_LEGACY),
    row("subscriptions/listen", OperationName::Listen, About::Nothing, LATEST, LATEST),
    row("tasks/get", OperationName::TaskGet, About::Task, TASKS, LATEST),
    row("tasks/cancel", OperationName::TaskCancel, About::Task, TASKS, LATEST),
    row("tasks/result", OperationName::TaskResult, About::Task, TASKS, LAST_LEGACY),
    row("tasks/list", OperationName::TaskList, About::Nothing, TASKS, LAST_LEGACY),
    row("tasks/update", OperationName::TaskUpdate, About::Task, LATEST, LATEST),
];

/// Every notification that a client sends.
static NOTIFICATIONS: &[Row] = &[
    row("notifications/initialized", OperationName::Notify, About::Nothing, FIRST, LAST_LEGACY),
    row("notifications/cancelled", OperationName::Notify, About::Nothing, FIRST, LATEST),
    row("notifications/progress", OperationName::Notify, About::Nothing, FIRST, LAST_LEGACY),
    row(
        "notifications/roots/list_changed",
        OperationName::Notify,
        About::Nothing,
        FIRST,
        LAST_LEGACY,
    ),
    row("notifications/tasks/status", OperationName::Notify, About::Nothing, TASKS, LAST_LEGACY),
];

/// The row of a request; names are compared exactly.
pub(crate) fn request(method: &str, revision: Revision) -> Option<&'static Row> {
    find(REQUESTS, method, revision)
}

/// The row of a notification; names are compared exactly.
pub(crate) fn notification(method: &str, revision: Revision) -> Option<&'static Row> {
    find(NOTIFICATIONS, method, revision)
}

fn find(rows: &'static [Row], method: &str, revision: Revision) -> Option<&'static Row> {
    rows.iter().find(|row| row.method == method && row.is_in(revision))
}

impl Row {
    /// Sessions keep the revision that `initialize` agreed on, and its header need not be sent in
    /// the oldest one; so within an era the newest one's methods count.
    fn is_in(&self, revision: Revision) -> bool {
        match revision.era() {
            Era::Legacy => self.since <= LAST_LEGACY,
            Era::Modern => (self.since..=self.until).contains(&revision),
        }
    }

    /// Whether `Mcp-Name` has to be sent with it.
    ///
    /// SPEC: MCP 2026-07-28, basic/transports/streamable-http, "Standard Request Headers"; for
    /// tasks, SEP-2663, "Streamable HTTP: Routing Headers".
    pub(crate) const fn needs_name(&self) -> bool {
        matches!(
            self.name,
            OperationName::ToolsCall
                | OperationName::PromptsGet
                | OperationName::ResourcesRead
                | OperationName::TaskGet
                | OperationName::TaskUpdate
                | OperationName::TaskCancel
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use cloister_policy::{OperationName, Protocol};

    use super::{NOTIFICATIONS, REQUESTS, Revision, notification, request};

    #[test]
    fn every_operation_of_mcp_that_has_a_method_has_one_row() {
        let methods: HashSet<_> = REQUESTS.iter().map(|row| row.method).collect();
        assert_eq!(methods.len(), REQUESTS.len());
        let named: HashSet<_> = REQUESTS.iter().chain(NOTIFICATIONS).map(|row| row.name).collect();
        // These two are a verb, and an answer, and no method.
        let without = [OperationName::EndSession, OperationName::Respond];
        let expected = OperationName::ALL
            .into_iter()
            .filter(|name| name.protocol() == Protocol::Mcp && !without.contains(name));
        assert_eq!(named, expected.collect());
    }

    #[test]
    fn a_method_of_one_era_is_unknown_in_the_other() {
        for method in
            ["initialize", "ping", "logging/setLevel", "resources/subscribe", "tasks/list"]
        {
            assert!(request(method, Revision::July2026).is_none(), "{method}");
            assert!(request(method, Revision::March2025).is_some(), "{method}");
        }
        for method in ["server/discover", "subscriptions/listen", "tasks/update"] {
            assert!(request(method, Revision::July2026).is_some(), "{method}");
            assert!(request(method, Revision::November2025).is_none(), "{method}");
        }
        assert!(notification("notifications/initialized", Revision::July2026).is_none());
    }

    #[test]
    fn names_are_compared_to_the_letter() {
        for method in ["Tools/call", "tools/call ", "tools/cаll", "tools\\/call", "notifications/x"]
        {
            assert!(request(method, Revision::July2026).is_none(), "{method}");
        }
    }
}
