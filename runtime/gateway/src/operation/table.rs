//! The operation table of A2A, as data. What is not here is refused.
//!
//! SPEC: A2A 1.0.1, sections 9 (JSON-RPC) and 11 (HTTP+JSON), and the annotations of its protobuf
//! definition; A2A 0.3.0, section 3.5.6.

use cloister_policy::OperationName;
use http::Method;

use crate::path::decoded;

/// The version that is carried.
pub(crate) const V1_0: &str = "1.0";
/// The version before it: recognised, so that it can be refused by name.
pub(crate) const V0_3: &str = "0.3";

/// Where a JSON-RPC request's parameters hold the task and the context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ids {
    /// `message.taskId` and `message.contextId`.
    Message,
    /// `id` is the task's.
    Id,
    /// `taskId`.
    TaskId,
    /// `contextId`.
    ContextId,
    /// Neither.
    None,
}

/// One JSON-RPC method.
#[derive(Debug)]
pub(crate) struct RpcRow {
    pub(crate) method: &'static str,
    pub(crate) version: &'static str,
    pub(crate) name: OperationName,
    pub(crate) ids: Ids,
}

/// The HTTP methods that operations use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Delete,
}

impl Verb {
    fn is(self, method: &Method) -> bool {
        match self {
            Self::Get => method == Method::GET,
            Self::Post => method == Method::POST,
            Self::Delete => method == Method::DELETE,
        }
    }
}

/// One segment of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// This text.
    Is(&'static str),
    /// A task's id.
    Task,
    /// A task's id, a colon, and this verb.
    TaskVerb(&'static str),
    /// The id of a push notification configuration.
    Config,
}

/// One HTTP method and path, beneath an interface's URL and an optional tenant.
#[derive(Debug)]
pub(crate) struct HttpRow {
    pub(crate) verb: Verb,
    pub(crate) path: &'static [Segment],
    pub(crate) version: &'static str,
    pub(crate) name: OperationName,
}

const fn rpc_row(
    method: &'static str,
    version: &'static str,
    name: OperationName,
    ids: Ids,
) -> RpcRow {
    RpcRow { method, version, name, ids }
}

const fn http_row(verb: Verb, path: &'static [Segment], name: OperationName) -> HttpRow {
    HttpRow { verb, path, version: V1_0, name }
}

const CONFIGS: Segment = Segment::Is("pushNotificationConfigs");
const TASKS: Segment = Segment::Is("tasks");

/// Every JSON-RPC method.
pub(crate) static RPC: &[RpcRow] = &[
    rpc_row("SendMessage", V1_0, OperationName::Send, Ids::Message),
    rpc_row("SendStreamingMessage", V1_0, OperationName::Stream, Ids::Message),
    rpc_row("GetTask", V1_0, OperationName::Get, Ids::Id),
    rpc_row("ListTasks", V1_0, OperationName::List, Ids::ContextId),
    rpc_row("CancelTask", V1_0, OperationName::Cancel, Ids::Id),
    rpc_row("SubscribeToTask", V1_0, OperationName::Subscribe, Ids::Id),
    rpc_row("CreateTaskPushNotificationConfig", V1_0, OperationName::PushCreate, Ids::TaskId),
    rpc_row("GetTaskPushNotificationConfig", V1_0, OperationName::PushGet, Ids::TaskId),
    rpc_row("ListTaskPushNotificationConfigs", V1_0, OperationName::PushList, Ids::TaskId),
    rpc_row("DeleteTaskPushNotificationConfig", V1_0, OperationName::PushDelete, Ids::TaskId),
    rpc_row("GetExtendedAgentCard", V1_0, OperationName::ExtendedCard, Ids::None),
    rpc_row("message/send", V0_3, OperationName::Send, Ids::Message),
    rpc_row("message/stream", V0_3, OperationName::Stream, Ids::Message),
    rpc_row("tasks/get", V0_3, OperationName::Get, Ids::Id),
    rpc_row("tasks/list", V0_3, OperationName::List, Ids::ContextId),
    rpc_row("tasks/cancel", V0_3, OperationName::Cancel, Ids::Id),
    rpc_row("tasks/resubscribe", V0_3, OperationName::Subscribe, Ids::Id),
    rpc_row("tasks/pushNotificationConfig/set", V0_3, OperationName::PushCreate, Ids::TaskId),
    rpc_row("tasks/pushNotificationConfig/get", V0_3, OperationName::PushGet, Ids::Id),
    rpc_row("tasks/pushNotificationConfig/list", V0_3, OperationName::PushList, Ids::Id),
    rpc_row("tasks/pushNotificationConfig/delete", V0_3, OperationName::PushDelete, Ids::Id),
    rpc_row("agent/getAuthenticatedExtendedCard", V0_3, OperationName::ExtendedCard, Ids::None),
];

/// Every path.
pub(crate) static HTTP: &[HttpRow] = &[
    http_row(Verb::Post, &[Segment::Is("message:send")], OperationName::Send),
    http_row(Verb::Post, &[Segment::Is("message:stream")], OperationName::Stream),
    http_row(Verb::Get, &[TASKS], OperationName::List),
    http_row(Verb::Get, &[TASKS, Segment::Task], OperationName::Get),
    http_row(Verb::Post, &[TASKS, Segment::TaskVerb("cancel")], OperationName::Cancel),
    // The specification's text has POST, its protobuf annotation GET; SDKs accept both.
    http_row(Verb::Post, &[TASKS, Segment::TaskVerb("subscribe")], OperationName::Subscribe),
    http_row(Verb::Get, &[TASKS, Segment::TaskVerb("subscribe")], OperationName::Subscribe),
    http_row(Verb::Post, &[TASKS, Segment::Task, CONFIGS], OperationName::PushCreate),
    http_row(Verb::Get, &[TASKS, Segment::Task, CONFIGS], OperationName::PushList),
    http_row(Verb::Get, &[TASKS, Segment::Task, CONFIGS, Segment::Config], OperationName::PushGet),
    http_row(
        Verb::Delete,
        &[TASKS, Segment::Task, CONFIGS, Segment::Config],
        OperationName::PushDelete,
    ),
    http_row(Verb::Get, &[Segment::Is("extendedAgentCard")], OperationName::ExtendedCard),
];

/// The row of a JSON-RPC method; names are compared exactly.
pub(crate) fn rpc(method: &str) -> Option<&'static RpcRow> {
    RPC.iter().find(|row| row.method == method)
}

/// What a path beneath an HTTP+JSON interface matched.
#[derive(Debug)]
pub(crate) struct HttpMatch {
    pub(crate) row: &'static HttpRow,
    pub(crate) tenant: Option<String>,
    pub(crate) task: Option<String>,
}

/// The row of a path beneath an interface's URL, without its leading slash.
///
/// A path is matched as it was received and with its percent-encoding undone, with and without a
/// leading tenant. If these readings do not name the same operation, it is none.
pub(crate) fn http(method: &Method, path: &str) -> Option<HttpMatch> {
    let raw = path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let plain = raw.iter().map(|segment| decoded(segment)).collect::<Result<Vec<_>, _>>().ok()?;
    let as_received = readings(method, &raw);
    let as_decoded = readings(method, &plain);
    let first = as_decoded.first()?.row.name;
    let agreed = as_received.iter().chain(&as_decoded).all(|reading| reading.row.name == first);
    if agreed && !as_received.is_empty() { as_decoded.into_iter().next() } else { None }
}

/// Every row that matches, without a tenant before with one.
fn readings(method: &Method, segments: &[String]) -> Vec<HttpMatch> {
    let with_tenant = segments.split_first().filter(|(tenant, _)| !tenant.is_empty());
    let splits = [Some((None, segments)), with_tenant.map(|(tenant, rest)| (Some(tenant), rest))];
    let mut found = Vec::new();
    for (tenant, segments) in splits.into_iter().flatten() {
        let rows = HTTP.iter().filter(|row| row.verb.is(method) && row.fits(segments));
        found.extend(rows.map(|row| HttpMatch {
            row,
            tenant: tenant.cloned(),
            task: row.task(segments),
        }));
    }
    found
}

impl HttpRow {
    fn fits(&self, segments: &[String]) -> bool {
        self.path.len() == segments.len()
            && self.path.iter().zip(segments).all(|(expected, segment)| expected.fits(segment))
    }

    /// The task's id in segments that fit.
    fn task(&self, segments: &[String]) -> Option<String> {
        self.path.iter().zip(segments).find_map(|(expected, segment)| match expected {
            Segment::Task => Some(segment.clone()),
            Segment::TaskVerb(verb) => before_verb(segment, verb).map(str::to_owned),
            Segment::Is(_) | Segment::Config => None,
        })
    }
}

impl Segment {
    fn fits(self, segment: &str) -> bool {
        match self {
            Self::Is(text) => segment == text,
            Self::TaskVerb(verb) => before_verb(segment, verb).is_some(),
            // SECURITY: a verb at the end is a verb, never part of an id; otherwise a rule for
            // `subscribe` would not see `GET /tasks/x:subscribe`.
            Self::Task => !segment.is_empty() && !has_verb(segment),
            Self::Config => !segment.is_empty(),
        }
    }
}

/// The verbs that may follow a task's id.
const VERBS: &[&str] = &["cancel", "subscribe"];

/// Whether a segment ends in a colon and a verb.
fn has_verb(segment: &str) -> bool {
    segment.rsplit_once(':').is_some_and(|(_, last)| VERBS.contains(&last))
}

/// A task's id before a colon and `verb`.
fn before_verb<'a>(segment: &'a str, verb: &str) -> Option<&'a str> {
    segment.strip_suffix(verb)?.strip_suffix(':').filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests;
