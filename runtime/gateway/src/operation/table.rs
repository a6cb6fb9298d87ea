//! The operation table of A2A, as data: every operation of both versions in every binding. What is
//! not here is refused.
//!
//! SPEC: A2A 1.0.1, sections 9 (JSON-RPC), 10 (gRPC) and 11 (HTTP+JSON), and the annotations of its
//! protobuf definition; A2A 0.3.0, section 3.5.6 and its protobuf definition.

use cloister_policy::OperationName;

use super::fields::{Field, Member, http_json_0_3, json, json_rpc_0_3, protobuf, protobuf_0_3};
use super::path::{Segment, Verb};

/// The version with numbered releases from 1.0.
pub(crate) const V1_0: &str = "1.0";
/// The version before it.
pub(crate) const V0_3: &str = "0.3";

/// One operation of one version, in every binding that has it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: OperationName,
    pub(crate) version: &'static str,
    /// The JSON-RPC method.
    pub(crate) method: &'static str,
    /// The gRPC method, beneath the version's service.
    pub(crate) grpc: Option<&'static str>,
    /// HTTP methods and paths, beneath an interface's URL.
    pub(crate) paths: &'static [(Verb, &'static [Segment])],
    /// Where JSON-RPC's parameters name a task.
    pub(crate) params: &'static [Member],
    /// Where an HTTP+JSON request's body or query does.
    pub(crate) body: &'static [Member],
    /// Where a gRPC request does.
    pub(crate) fields: &'static [Field],
}

impl Row {
    /// Whether it carries a message to the agent.
    pub(crate) const fn sends(&self) -> bool {
        matches!(self.name, OperationName::Send | OperationName::Stream)
    }
}

const TASKS: Segment = Segment::Is("tasks");
const CONFIGS: Segment = Segment::Is("pushNotificationConfigs");
const CANCEL: Segment = Segment::TaskVerb("cancel");
const SUBSCRIBE: Segment = Segment::TaskVerb("subscribe");
/// The beginning of every path of version 0.3.
const V1: Segment = Segment::Is("v1");

/// Every operation.
pub(crate) static TABLE: &[Row] = &[
    Row {
        name: OperationName::Send,
        version: V1_0,
        method: "SendMessage",
        grpc: Some("SendMessage"),
        paths: &[(Verb::Post, &[Segment::Is("message:send")])],
        params: json::SEND,
        body: json::SEND,
        fields: protobuf::SEND,
    },
    Row {
        name: OperationName::Stream,
        version: V1_0,
        method: "SendStreamingMessage",
        grpc: Some("SendStreamingMessage"),
        paths: &[(Verb::Post, &[Segment::Is("message:stream")])],
        params: json::SEND,
        body: json::SEND,
        fields: protobuf::SEND,
    },
    Row {
        name: OperationName::Get,
        version: V1_0,
        method: "GetTask",
        grpc: Some("GetTask"),
        paths: &[(Verb::Get, &[TASKS, Segment::Task])],
        params: json::TASK,
        body: json::TASK,
        fields: protobuf::TASK,
    },
    Row {
        name: OperationName::List,
        version: V1_0,
        method: "ListTasks",
        grpc: Some("ListTasks"),
        paths: &[(Verb::Get, &[TASKS])],
        params: json::LIST,
        body: json::LIST,
        fields: protobuf::LIST,
    },
    Row {
        name: OperationName::Cancel,
        version: V1_0,
        method: "CancelTask",
        grpc: Some("CancelTask"),
        paths: &[(Verb::Post, &[TASKS, CANCEL])],
        params: json::TASK,
        body: json::TASK,
        fields: protobuf::TASK,
    },
    Row {
        name: OperationName::Subscribe,
        version: V1_0,
        method: "SubscribeToTask",
        grpc: Some("SubscribeToTask"),
        // The specification's text has POST, its protobuf annotation GET; SDKs accept both. The
        // form with a segment of its own is what the official Rust client falls back to.
        paths: &[
            (Verb::Post, &[TASKS, SUBSCRIBE]),
            (Verb::Get, &[TASKS, SUBSCRIBE]),
            (Verb::Post, &[TASKS, Segment::Task, Segment::Is("subscribe")]),
            (Verb::Get, &[TASKS, Segment::Task, Segment::Is("subscribe")]),
        ],
        params: json::TASK,
        body: json::TASK,
        fields: protobuf::TASK,
    },
    Row {
        name: OperationName::PushCreate,
        version: V1_0,
        method: "CreateTaskPushNotificationConfig",
        grpc: Some("CreateTaskPushNotificationConfig"),
        paths: &[(Verb::Post, &[TASKS, Segment::Task, CONFIGS])],
        params: json::PUSH_ONE,
        body: json::PUSH_ONE,
        fields: protobuf::PUSH_CREATE,
    },
    Row {
        name: OperationName::PushGet,
        version: V1_0,
        method: "GetTaskPushNotificationConfig",
        grpc: Some("GetTaskPushNotificationConfig"),
        paths: &[(Verb::Get, &[TASKS, Segment::Task, CONFIGS, Segment::Config])],
        params: json::PUSH_ONE,
        body: json::PUSH_ONE,
        fields: protobuf::PUSH_ONE,
    },
    Row {
        name: OperationName::PushList,
        version: V1_0,
        method: "ListTaskPushNotificationConfigs",
        grpc: Some("ListTaskPushNotificationConfigs"),
        paths: &[(Verb::Get, &[TASKS, Segment::Task, CONFIGS])],
        params: json::PUSH_LIST,
        body: json::PUSH_LIST,
        fields: protobuf::PUSH_LIST,
    },
    Row {
        name: OperationName::PushDelete,
        version: V1_0,
        method: "DeleteTaskPushNotificationConfig",
        grpc: Some("DeleteTaskPushNotificationConfig"),
        paths: &[(Verb::Delete, &[TASKS, Segment::Task, CONFIGS, Segment::Config])],
        params: json::PUSH_ONE,
        body: json::PUSH_ONE,
        fields: protobuf::PUSH_ONE,
    },
    Row {
        name: OperationName::ExtendedCard,
        version: V1_0,
        method: "GetExtendedAgentCard",
        grpc: Some("GetExtendedAgentCard"),
        paths: &[(Verb::Get, &[Segment::Is("extendedAgentCard")])],
        params: json::CARD,
        body: json::CARD,
        fields: protobuf::CARD,
    },
    Row {
        name: OperationName::Send,
        version: V0_3,
        method: "message/send",
        grpc: Some("SendMessage"),
        paths: &[(Verb::Post, &[V1, Segment::Is("message:send")])],
        params: json_rpc_0_3::SEND,
        body: http_json_0_3::SEND,
        fields: protobuf_0_3::SEND,
    },
    Row {
        name: OperationName::Stream,
        version: V0_3,
        method: "message/stream",
        grpc: Some("SendStreamingMessage"),
        paths: &[(Verb::Post, &[V1, Segment::Is("message:stream")])],
        params: json_rpc_0_3::SEND,
        body: http_json_0_3::SEND,
        fields: protobuf_0_3::SEND,
    },
    Row {
        name: OperationName::Get,
        version: V0_3,
        method: "tasks/get",
        grpc: Some("GetTask"),
        paths: &[(Verb::Get, &[V1, TASKS, Segment::Task])],
        params: json_rpc_0_3::TASK,
        body: http_json_0_3::TASK,
        fields: protobuf_0_3::TASK,
    },
    Row {
        name: OperationName::List,
        version: V0_3,
        method: "tasks/list",
        grpc: None,
        paths: &[(Verb::Get, &[V1, TASKS])],
        params: json_rpc_0_3::LIST,
        body: http_json_0_3::LIST,
        fields: protobuf_0_3::NONE,
    },
    Row {
        name: OperationName::Cancel,
        version: V0_3,
        method: "tasks/cancel",
        grpc: Some("CancelTask"),
        paths: &[(Verb::Post, &[V1, TASKS, CANCEL])],
        params: json_rpc_0_3::TASK,
        body: http_json_0_3::TASK,
        fields: protobuf_0_3::TASK,
    },
    Row {
        name: OperationName::Subscribe,
        version: V0_3,
        method: "tasks/resubscribe",
        grpc: Some("TaskSubscription"),
        paths: &[(Verb::Post, &[V1, TASKS, SUBSCRIBE]), (Verb::Get, &[V1, TASKS, SUBSCRIBE])],
        params: json_rpc_0_3::TASK,
        body: http_json_0_3::TASK,
        fields: protobuf_0_3::TASK,
    },
    Row {
        name: OperationName::PushCreate,
        version: V0_3,
        method: "tasks/pushNotificationConfig/set",
        grpc: Some("CreateTaskPushNotificationConfig"),
        paths: &[(Verb::Post, &[V1, TASKS, Segment::Task, CONFIGS])],
        params: json_rpc_0_3::PUSH_CREATE,
        body: http_json_0_3::PUSH_CREATE,
        fields: protobuf_0_3::PUSH_CREATE,
    },
    Row {
        name: OperationName::PushGet,
        version: V0_3,
        method: "tasks/pushNotificationConfig/get",
        grpc: Some("GetTaskPushNotificationConfig"),
        paths: &[(Verb::Get, &[V1, TASKS, Segment::Task, CONFIGS, Segment::Config])],
        params: json_rpc_0_3::PUSH_ONE,
        body: http_json_0_3::PUSH_ONE,
        fields: protobuf_0_3::PUSH_ONE,
    },
    Row {
        name: OperationName::PushList,
        version: V0_3,
        method: "tasks/pushNotificationConfig/list",
        grpc: Some("ListTaskPushNotificationConfig"),
        paths: &[(Verb::Get, &[V1, TASKS, Segment::Task, CONFIGS])],
        params: json_rpc_0_3::TASK,
        body: http_json_0_3::PUSH_LIST,
        fields: protobuf_0_3::PUSH_LIST,
    },
    Row {
        name: OperationName::PushDelete,
        version: V0_3,
        method: "tasks/pushNotificationConfig/delete",
        grpc: Some("DeleteTaskPushNotificationConfig"),
        paths: &[(Verb::Delete, &[V1, TASKS, Segment::Task, CONFIGS, Segment::Config])],
        params: json_rpc_0_3::PUSH_ONE,
        body: http_json_0_3::PUSH_ONE,
        fields: protobuf_0_3::PUSH_ONE,
    },
    Row {
        name: OperationName::ExtendedCard,
        version: V0_3,
        method: "agent/getAuthenticatedExtendedCard",
        grpc: Some("GetAgentCard"),
        paths: &[(Verb::Get, &[V1, Segment::Is("card")])],
        params: json_rpc_0_3::CARD,
        body: http_json_0_3::CARD,
        fields: protobuf_0_3::NONE,
    },
];

/// The gRPC services, each of one version.
const SERVICES: [(&str, &str); 2] =
    [("/lf.a2a.v1.A2AService/", V1_0), ("/a2a.v1.A2AService/", V0_3)];

/// The row of a JSON-RPC method; names are compared exactly.
pub(crate) fn rpc(method: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.method == method)
}

/// The row of a gRPC path; it is compared exactly.
pub(crate) fn grpc(path: &str) -> Option<&'static Row> {
    let (method, version) = SERVICES
        .iter()
        .find_map(|(service, version)| path.strip_prefix(service).map(|rest| (rest, *version)))?;
    TABLE.iter().find(|row| row.version == version && row.grpc == Some(method))
}

/// Whether a path is one of the services', whether or not it has the method.
pub(crate) fn is_grpc_path(path: &str) -> bool {
    SERVICES.iter().any(|(service, _)| path.starts_with(service))
}

#[cfg(test)]
mod tests;
