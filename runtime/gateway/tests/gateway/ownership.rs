//! Tasks and contexts are their makers' alone.

use std::sync::Arc;

use cloister_gateway::{Body, Inbound, full};
use cloister_policy::Subject;
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::agent::{Agent, Handler};
use crate::network::{EVERYTHING, inbound, json_of, planner};

/// An agent that makes the task `made` in the context `shared` of every message.
async fn maker() -> Agent {
    let handler: Handler = Arc::new(|request: Request<Incoming>| {
        Box::pin(async move {
            let squeezes = request.headers().contains_key("accept-encoding");
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
            match asked["method"].as_str() {
                Some("SendMessage" | "ListTasks") if squeezes => Response::new(full("squeezed")),
                method => answer(method.unwrap_or(&path)),
            }
        })
    });
    Agent::new(handler).await
}

fn answer(asked: &str) -> Response<Body> {
    let task = json!({"id": "made", "contextId": "shared"});
    let tasks = json!({
        "tasks": [task, {"id": "secret", "contextId": "x"}],
        "nextPageToken": "", "pageSize": 2, "totalSize": 2,
    });
    let rpc = |result: &Value| json!({"jsonrpc": "2.0", "id": 1, "result": result}).to_string();
    let (kind, body) = match asked {
        "SendMessage" => ("application/json", rpc(&json!({"task": task}))),
        "message/send" => {
            ("application/json", rpc(&json!({"kind": "task", "id": "made", "contextId": "shared"})))
        }
        "SendStreamingMessage" => {
            let event = rpc(&json!({"statusUpdate": {"taskId": "made", "contextId": "shared"}}));
            (
                "text/event-stream",
                format!(": hi\r\n\r\ndata: {}\r\n\r\ndata: {event}\r\n\r\n", rpc(&json!({}))),
            )
        }
        "/a2a/rest/message:send" => ("application/json", json!({"task": task}).to_string()),
        "/a2a/rest/message:stream" => {
            ("text/event-stream", format!("data: {}\n\n", json!({"task": task})))
        }
        "ListTasks" => ("application/json", rpc(&tasks)),
        "/a2a/rest/tasks" => ("application/json", tasks.to_string()),
        _ => ("application/json", rpc(&task)),
    };
    Response::builder().header("content-type", kind).body(full(body)).unwrap()
}

fn spy() -> Subject {
    Subject { agent: "spy".into(), instance: "ee".repeat(16), ..planner() }
}

async fn rpc(at: &Inbound, peer: Subject, method: &str, params: Value) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let request = Request::post("/a2a/jsonrpc").header("content-type", "application/json");
    let request = request.header("accept-encoding", "gzip");
    let response = at.call(Arc::new(peer), request.body(full(body)).unwrap()).await;
    read(response).await
}

/// The JSON of an answer, or of its last event.
async fn read(response: Response<Body>) -> Value {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = core::str::from_utf8(&body).unwrap().trim();
    let text = text.rsplit_once("data: ").map_or(text, |(_, event)| event);
    serde_json::from_str(text).unwrap()
}

async fn rest(at: &Inbound, peer: Subject, method: &str, path: &str) -> (u16, Value) {
    let request = Request::builder().method(method).uri(format!("/a2a/rest{path}"));
    let request = request.header("a2a-version", "1.0");
    let request = match method {
        "POST" => request.header("content-type", "application/json").body(full("{\"message\":{}}")),
        _ => request.body(full("")),
    };
    let response = at.call(Arc::new(peer), request.unwrap()).await;
    let status = response.status().as_u16();
    (status, read(response).await)
}

const SEND: &str = "SendMessage";

#[tokio::test]
async fn whoever_made_a_task_may_use_it_whatever_the_binding_and_version() {
    for method in [SEND, "SendStreamingMessage", "message/send"] {
        let inbound = inbound(maker().await.address, EVERYTHING);
        let before = rpc(&inbound, planner(), "GetTask", json!({"id": "made"})).await;
        assert_eq!(before["error"]["code"], -32001, "{method} {before}");
        rpc(&inbound, planner(), method, json!({"message": {}})).await;
        let after = rpc(&inbound, planner(), "GetTask", json!({"id": "made"})).await;
        assert_eq!(after["result"]["id"], "made", "{method} {after}");
        let restarted = Subject { instance: "dd".repeat(16), ..planner() };
        let later = rpc(&inbound, restarted, "tasks/get", json!({"id": "made"})).await;
        assert_eq!(later["result"]["id"], "made", "{method} {later}");
    }
    for path in ["/message:send", "/message:stream"] {
        let inbound = inbound(maker().await.address, EVERYTHING);
        assert_eq!(rest(&inbound, planner(), "GET", "/tasks/made").await.0, 404);
        assert_eq!(rest(&inbound, planner(), "POST", path).await.0, 200);
        assert_eq!(rest(&inbound, planner(), "GET", "/tasks/made").await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn a_foreign_task_is_answered_for_like_one_that_does_not_exist() {
    let inbound = inbound(maker().await.address, EVERYTHING);
    rpc(&inbound, planner(), SEND, json!({"message": {}})).await;
    for (method, field) in [
        ("GetTask", "id"),
        ("CancelTask", "id"),
        ("SubscribeToTask", "id"),
        ("tasks/get", "id"),
        ("tasks/cancel", "id"),
        ("tasks/resubscribe", "id"),
        ("ListTaskPushNotificationConfigs", "taskId"),
        ("GetTaskPushNotificationConfig", "taskId"),
        ("CreateTaskPushNotificationConfig", "taskId"),
        ("DeleteTaskPushNotificationConfig", "taskId"),
    ] {
        let foreign = rpc(&inbound, spy(), method, json!({field: "made"})).await;
        let absent = rpc(&inbound, spy(), method, json!({field: "absent"})).await;
        assert_eq!(foreign["error"]["code"], -32001, "{method} {foreign}");
        assert_eq!(foreign, absent, "{method}");
    }
    for (method, path) in
        [("GET", "/tasks/made"), ("POST", "/tasks/made:cancel"), ("GET", "/tasks/made:subscribe")]
    {
        let (foreign, answer) = rest(&inbound, spy(), method, path).await;
        let absent = rest(&inbound, spy(), method, &path.replace("made", "absent")).await;
        assert_eq!((foreign, &answer), (404, &absent.1), "{path}");
    }
}

#[tokio::test]
async fn nothing_is_sent_into_or_refers_to_what_is_anothers() {
    let inbound = inbound(maker().await.address, EVERYTHING);
    rpc(&inbound, planner(), SEND, json!({"message": {}})).await;
    for message in [
        json!({"taskId": "made"}),
        json!({"contextId": "shared"}),
        json!({"referenceTaskIds": ["made"]}),
        json!({"context_id": "shared"}),
    ] {
        let refused = rpc(&inbound, spy(), SEND, json!({"message": message})).await;
        assert_eq!(refused["error"]["code"], -32001, "{message} {refused}");
        let own = rpc(&inbound, planner(), SEND, json!({"message": message})).await;
        assert!(own["result"].is_object(), "{message} {own}");
    }
}

#[tokio::test]
async fn whoever_first_uses_a_context_has_it() {
    let inbound = inbound(maker().await.address, EVERYTHING);
    let message = json!({"message": {"contextId": "chosen"}});
    assert!(rpc(&inbound, planner(), SEND, message.clone()).await["result"].is_object());
    assert_eq!(rpc(&inbound, spy(), SEND, message).await["error"]["code"], -32001);
}

#[tokio::test]
async fn lists_show_their_callers_tasks_alone() {
    let inbound = inbound(maker().await.address, EVERYTHING);
    rpc(&inbound, planner(), SEND, json!({"message": {}})).await;
    let expected = json!({
        "tasks": [{"id": "made", "contextId": "shared"}],
        "nextPageToken": "", "pageSize": 1, "totalSize": 2,
    });
    let mine = rpc(&inbound, planner(), "ListTasks", json!({})).await;
    assert_eq!(mine["result"], expected);
    assert_eq!(rest(&inbound, planner(), "GET", "/tasks").await, (200, expected));
    let theirs = rpc(&inbound, spy(), "ListTasks", json!({"contextId": "shared"})).await;
    assert_eq!(theirs["result"]["tasks"], json!([]));
    assert_eq!(theirs["result"]["totalSize"], 0);
}

#[tokio::test]
async fn an_operation_on_a_task_that_names_none_is_refused() {
    let inbound = inbound(maker().await.address, EVERYTHING);
    for params in [json!({}), json!({"id": ""}), json!({"id": null})] {
        let refused = rpc(&inbound, planner(), "GetTask", params.clone()).await;
        assert_eq!(refused["error"]["code"], -32602, "{params} {refused}");
    }
}

#[tokio::test]
async fn one_visit_does_not_see_another_nor_what_itself_made_once_it_ended() {
    let inbound = inbound(
        maker().await.address,
        EVERYTHING.replace("principal,", "principal is Visitor,").as_str(),
    );
    let ask = async |visit: &cloister_gateway::Visit, method: &str, params: Value| {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = Request::post("/a2a/jsonrpc").header("content-type", "application/json");
        json_of(visit.call(request.body(full(body.to_string())).unwrap()).await).await.1
    };
    let (one, other) = (inbound.visit(), inbound.visit());
    ask(&one, SEND, json!({"message": {}})).await;
    assert!(ask(&one, "GetTask", json!({"id": "made"})).await["result"].is_object());
    assert_eq!(ask(&other, "GetTask", json!({"id": "made"})).await["error"]["code"], -32001);
    drop(one);
    assert!(
        ask(&other, SEND, json!({"message": {"contextId": "shared"}})).await["result"].is_object()
    );
    assert!(ask(&other, "GetTask", json!({"id": "made"})).await["result"].is_object());
}
