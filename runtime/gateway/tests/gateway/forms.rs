//! Every form in which the official SDKs ask for an operation comes to the same.
//!
//! The bodies were written by the official Python SDK (a2a-sdk 1.3.0), by its own types of version
//! 1.0 and by those that it keeps for version 0.3.

use cloister_gateway::Operation;
use cloister_policy::{Binding, OperationName};
use http::Method;

/// What is to be found.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    name: OperationName,
    tenant: Option<String>,
    task: Option<String>,
    context: Option<String>,
    config: Option<String>,
    references: Vec<String>,
    push: bool,
}

impl From<Operation> for Found {
    fn from(found: Operation) -> Self {
        let streams = matches!(found.name, OperationName::Stream | OperationName::Subscribe);
        assert_eq!(found.streaming, streams);
        Self {
            name: found.name,
            tenant: found.tenant,
            task: found.task,
            context: found.context,
            config: found.config,
            references: found.references,
            push: found.carries_push_config,
        }
    }
}

fn found(name: OperationName, task: &str) -> Found {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Found {
        name,
        tenant: None,
        task: text(task),
        context: None,
        config: None,
        references: Vec::new(),
        push: false,
    }
}

fn sent(name: OperationName) -> Found {
    Found { context: Some("c-1".into()), push: true, ..found(name, "t-1") }
}

fn json_rpc(method: &str, params: &str) -> Found {
    let body = format!(r#"{{"method":"{method}","params":{params},"id":"1","jsonrpc":"2.0"}}"#);
    let operation = Operation::of_json_rpc(body.as_bytes()).unwrap().unwrap();
    assert_eq!(operation.binding, Binding::JsonRpc);
    operation.into()
}

fn http_json(version: &str, method: &Method, path: &str, body: &str) -> Found {
    let body = body.as_bytes().chunks(5);
    let operation = Operation::of_http_json(version, method, path, body).unwrap().unwrap();
    assert_eq!((operation.binding, operation.version), (Binding::HttpJson, version));
    operation.into()
}

fn grpc(path: &str, message: &str) -> Found {
    let message = hex(message);
    let head = [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes()].concat();
    let body = [head, message].concat();
    let operation = Operation::of_grpc(path, body.chunks(3)).unwrap().unwrap();
    let version = if path.starts_with("/lf.") { "1.0" } else { "0.3" };
    assert_eq!((operation.binding, operation.version), (Binding::Grpc, version));
    operation.into()
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

const SEND: &str = r#"{"tenant": "acme", "message": {"messageId": "m-1", "contextId": "c-1", "taskId": "t-1", "role": "ROLE_USER", "parts": [{"text": "\u00e9"}], "referenceTaskIds": ["r-1", "r-2"]}, "configuration": {"acceptedOutputModes": ["text/plain"], "taskPushNotificationConfig": {"url": "http://127.0.0.1:1/hook", "token": "k"}, "historyLength": 0}}"#;
const SEND_SNAKE: &str = r#"{"tenant": "acme", "message": {"message_id": "m-1", "context_id": "c-1", "task_id": "t-1", "role": "ROLE_USER", "parts": [{"text": "\u00e9"}], "reference_task_ids": ["r-1", "r-2"]}, "configuration": {"accepted_output_modes": ["text/plain"], "task_push_notification_config": {"url": "http://127.0.0.1:1/hook", "token": "k"}, "history_length": 0}}"#;
const SEND_BYTES: &str = "0a0461636d6512210a036d2d311203632d311a03742d3120012a040a02c3a94203722d314203722d321a2c0a0a746578742f706c61696e121c2217687474703a2f2f3132372e302e302e313a312f686f6f6b2a016b1800";

#[test]
fn messages_of_version_1_0() {
    for (name, rpc, path) in [
        (OperationName::Send, "SendMessage", "message:send"),
        (OperationName::Stream, "SendStreamingMessage", "message:stream"),
    ] {
        let expected = || Found {
            tenant: Some("acme".into()),
            references: vec!["r-1".into(), "r-2".into()],
            ..sent(name)
        };
        for params in [SEND, SEND_SNAKE] {
            assert_eq!(json_rpc(rpc, params), expected());
            assert_eq!(http_json("1.0", &Method::POST, path, params), expected());
            let with_tenant = format!("acme/{path}");
            assert_eq!(http_json("1.0", &Method::POST, &with_tenant, params), expected());
        }
        assert_eq!(grpc(&format!("/lf.a2a.v1.A2AService/{rpc}"), SEND_BYTES), expected());
    }
}

#[test]
fn messages_of_version_0_3() {
    // As JSON-RPC and as the protobuf definition of that version have it, by both names.
    let rpc = r#"{"message":{"kind":"message","messageId":"m-1","role":"user","parts":[{"kind":"text","text":"é"}],"taskId":"t-1","contextId":"c-1"},"configuration":{"blocking":true,"pushNotificationConfig":{"url":"http://127.0.0.1:1/hook"}}}"#;
    let http = r#"{"message": {"messageId": "m-1", "contextId": "c-1", "taskId": "t-1", "role": "ROLE_USER", "content": [{"text": "\u00e9"}]}, "configuration": {"pushNotification": {"url": "http://127.0.0.1:1/hook"}, "blocking": true}}"#;
    let snake = r#"{"request": {"message_id": "m-1", "context_id": "c-1", "task_id": "t-1", "role": "ROLE_USER", "content": [{"text": "\u00e9"}]}, "configuration": {"push_notification": {"url": "http://127.0.0.1:1/hook"}, "blocking": true}}"#;
    let bytes = "0a170a036d2d311203632d311a03742d3120012a040a02c3a9121d12191217687474703a2f2f3132372e302e302e313a312f686f6f6b2001";
    for (name, method, path, call) in [
        (OperationName::Send, "message/send", "v1/message:send", "SendMessage"),
        (OperationName::Stream, "message/stream", "v1/message:stream", "SendStreamingMessage"),
    ] {
        assert_eq!(json_rpc(method, rpc), sent(name));
        assert_eq!(http_json("0.3", &Method::POST, path, http), sent(name));
        assert_eq!(http_json("0.3", &Method::POST, path, snake), sent(name));
        assert_eq!(grpc(&format!("/a2a.v1.A2AService/{call}"), bytes), sent(name));
    }
}

#[test]
fn tasks_of_version_1_0() {
    let acme = || Found { tenant: Some("acme".into()), ..found(OperationName::Get, "t-1") };
    let get = r#"{"tenant": "acme", "id": "t-1", "historyLength": 3}"#;
    assert_eq!(json_rpc("GetTask", get), acme());
    let path = "acme/tasks/t-1?historyLength=3";
    assert_eq!(http_json("1.0", &Method::GET, path, ""), acme());
    let bytes = "0a0461636d651203742d311803";
    assert_eq!(grpc("/lf.a2a.v1.A2AService/GetTask", bytes), acme());

    for (name, call, verb, method) in [
        (OperationName::Cancel, "CancelTask", "cancel", Method::POST),
        (OperationName::Subscribe, "SubscribeToTask", "subscribe", Method::POST),
        (OperationName::Subscribe, "SubscribeToTask", "subscribe", Method::GET),
    ] {
        assert_eq!(json_rpc(call, r#"{"id": "t-1"}"#), found(name, "t-1"));
        let path = format!("tasks/t-1:{verb}");
        assert_eq!(http_json("1.0", &method, &path, ""), found(name, "t-1"));
        assert_eq!(http_json("1.0", &method, &path, r#"{"id": "t-1"}"#), found(name, "t-1"));
        let path = format!("/lf.a2a.v1.A2AService/{call}");
        assert_eq!(grpc(&path, "1203742d31"), found(name, "t-1"));
    }

    let list = || Found { context: Some("c-1".into()), ..found(OperationName::List, "") };
    assert_eq!(json_rpc("ListTasks", r#"{"contextId": "c-1", "pageSize": 5}"#), list());
    assert_eq!(http_json("1.0", &Method::GET, "tasks?contextId=c-1&pageSize=5", ""), list());
    assert_eq!(grpc("/lf.a2a.v1.A2AService/ListTasks", "1203632d312005"), list());
    let card = || found(OperationName::ExtendedCard, "");
    assert_eq!(json_rpc("GetExtendedAgentCard", "{}"), card());
    assert_eq!(http_json("1.0", &Method::GET, "extendedAgentCard", ""), card());
    assert_eq!(grpc("/lf.a2a.v1.A2AService/GetExtendedAgentCard", ""), card());
}

#[test]
fn tasks_of_version_0_3() {
    for (name, rpc, call, method, path) in [
        (OperationName::Get, "tasks/get", "GetTask", Method::GET, "v1/tasks/t-1?historyLength=3"),
        (OperationName::Cancel, "tasks/cancel", "CancelTask", Method::POST, "v1/tasks/t-1:cancel"),
        (
            OperationName::Subscribe,
            "tasks/resubscribe",
            "TaskSubscription",
            Method::POST,
            "v1/tasks/t-1:subscribe",
        ),
    ] {
        assert_eq!(json_rpc(rpc, r#"{"id":"t-1"}"#), found(name, "t-1"));
        assert_eq!(http_json("0.3", &method, path, ""), found(name, "t-1"));
        let path = format!("/a2a.v1.A2AService/{call}");
        assert_eq!(grpc(&path, "0a097461736b732f742d31"), found(name, "t-1"));
    }
    let card = || found(OperationName::ExtendedCard, "");
    assert_eq!(json_rpc("agent/getAuthenticatedExtendedCard", "null"), card());
    assert_eq!(http_json("0.3", &Method::GET, "v1/card", ""), card());
    assert_eq!(grpc("/a2a.v1.A2AService/GetAgentCard", ""), card());
}

fn push(name: OperationName, config: &str) -> Found {
    Found { config: Some(config.to_owned()).filter(|it| !it.is_empty()), ..found(name, "t-1") }
}

#[test]
fn push_configurations_of_version_1_0() {
    use OperationName::{PushCreate, PushDelete, PushGet, PushList};
    let create = r#"{"id": "p-1", "taskId": "t-1", "url": "http://127.0.0.1:1/"}"#;
    let one = r#"{"taskId": "t-1", "id": "p-1"}"#;
    let (all, at) = ("tasks/t-1/pushNotificationConfigs", "tasks/t-1/pushNotificationConfigs/p-1");
    let service = "/lf.a2a.v1.A2AService/";
    assert_eq!(json_rpc("CreateTaskPushNotificationConfig", create), push(PushCreate, "p-1"));
    assert_eq!(http_json("1.0", &Method::POST, all, create), push(PushCreate, "p-1"));
    let bytes = "1203702d311a03742d312213687474703a2f2f3132372e302e302e313a312f";
    let path = format!("{service}CreateTaskPushNotificationConfig");
    assert_eq!(grpc(&path, bytes), push(PushCreate, "p-1"));
    for (name, call, method) in [
        (PushGet, "GetTaskPushNotificationConfig", Method::GET),
        (PushDelete, "DeleteTaskPushNotificationConfig", Method::DELETE),
    ] {
        assert_eq!(json_rpc(call, one), push(name, "p-1"));
        assert_eq!(http_json("1.0", &method, at, ""), push(name, "p-1"));
        let bytes = "1203742d311a03702d31";
        assert_eq!(grpc(&format!("{service}{call}"), bytes), push(name, "p-1"));
    }
    let list = || Found { tenant: Some("acme".into()), ..push(PushList, "") };
    let params = r#"{"taskId": "t-1", "pageSize": 2, "tenant": "acme"}"#;
    assert_eq!(json_rpc("ListTaskPushNotificationConfigs", params), list());
    assert_eq!(http_json("1.0", &Method::GET, &format!("acme/{all}?pageSize=2"), ""), list());
    let bytes = "0a03742d311002220461636d65";
    assert_eq!(grpc(&format!("{service}ListTaskPushNotificationConfigs"), bytes), list());
}

#[test]
fn push_configurations_of_version_0_3() {
    use OperationName::{PushCreate, PushDelete, PushGet, PushList};
    let (all, at) =
        ("v1/tasks/t-1/pushNotificationConfigs", "v1/tasks/t-1/pushNotificationConfigs/p-1");
    let service = "/a2a.v1.A2AService/";
    let params = r#"{"taskId":"t-1","pushNotificationConfig":{"id":"p-1","url":"http://x/"}}"#;
    assert_eq!(json_rpc("tasks/pushNotificationConfig/set", params), push(PushCreate, "p-1"));
    let body = r#"{"parent": "tasks/t-1", "config_id": "p-1", "config": {"name": "tasks/t-1/pushNotificationConfigs/p-1", "push_notification_config": {"id": "p-1", "url": "http://127.0.0.1:1/"}}}"#;
    assert_eq!(http_json("0.3", &Method::POST, all, body), push(PushCreate, "p-1"));
    let bytes = "0a097461736b732f742d311203702d311a430a257461736b732f742d312f707573684e6f74696669636174696f6e436f6e666967732f702d31121a0a03702d311213687474703a2f2f3132372e302e302e313a312f";
    let path = format!("{service}CreateTaskPushNotificationConfig");
    assert_eq!(grpc(&path, bytes), push(PushCreate, "p-1"));
    for (name, rpc, call, method) in [
        (PushGet, "tasks/pushNotificationConfig/get", "GetTaskPushNotificationConfig", Method::GET),
        (
            PushDelete,
            "tasks/pushNotificationConfig/delete",
            "DeleteTaskPushNotificationConfig",
            Method::DELETE,
        ),
    ] {
        let params = r#"{"id":"t-1","pushNotificationConfigId":"p-1"}"#;
        assert_eq!(json_rpc(rpc, params), push(name, "p-1"));
        assert_eq!(http_json("0.3", &method, at, ""), push(name, "p-1"));
        let bytes =
            "0a257461736b732f742d312f707573684e6f74696669636174696f6e436f6e666967732f702d31";
        assert_eq!(grpc(&format!("{service}{call}"), bytes), push(name, "p-1"));
    }
    let rpc = json_rpc("tasks/pushNotificationConfig/list", r#"{"id":"t-1"}"#);
    assert_eq!(rpc, push(PushList, ""));
    assert_eq!(http_json("0.3", &Method::GET, all, ""), push(PushList, ""));
    let bytes = "0a097461736b732f742d31";
    assert_eq!(
        grpc(&format!("{service}ListTaskPushNotificationConfig"), bytes),
        push(PushList, "")
    );
}

#[test]
fn places_that_name_different_tasks_are_refused() {
    let refused = |version, method: Method, path, body: &str| {
        let body = body.as_bytes().chunks(usize::MAX);
        Operation::of_http_json(version, &method, path, body).unwrap_err()
    };
    for (version, method, path, body) in [
        ("1.0", Method::POST, "tasks/t-1:cancel", r#"{"id":"other"}"#),
        ("1.0", Method::GET, "tasks/t-1?id=other", ""),
        ("1.0", Method::GET, "tasks/t-1", r#"{"id":"other"}"#),
        ("1.0", Method::GET, "acme/tasks/t-1?tenant=other", ""),
        ("1.0", Method::POST, "acme/message:send", r#"{"tenant":"other","message":{}}"#),
        ("1.0", Method::POST, "tasks/t-1/pushNotificationConfigs", r#"{"task_id":"other"}"#),
        ("1.0", Method::DELETE, "tasks/t-1/pushNotificationConfigs/p", r#"{"id":"q"}"#),
        ("0.3", Method::POST, "v1/tasks/t-1:cancel", r#"{"name":"tasks/other"}"#),
        ("0.3", Method::GET, "v1/tasks/t-1?name=tasks/other", ""),
        ("0.3", Method::POST, "v1/tasks/t-1/pushNotificationConfigs", r#"{"parent":"tasks/u"}"#),
    ] {
        let error = refused(version, method, path, body);
        assert_eq!(error, cloister_gateway::ScanError::Contradiction, "{path} {body}");
    }
}
