//! Who would be notified of what is none of its business, or have others called.

use std::sync::Arc;
use std::time::Duration;

use cloister_gateway::{Inbound, full};
use cloister_policy::Subject;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::pair::{Pair, TASK, notice};
use crate::network::{EVERYTHING, json_of, planner, somebody, translator, whole};

const WORKING: &str = "TASK_STATE_WORKING";

/// A delivery as a peer's runtime could make it.
async fn deliver(at: &Inbound, peer: Subject, path: &str, body: String) -> StatusCode {
    let request = Request::post(path).header("content-type", "application/json").body(full(body));
    whole(at.call(Arc::new(peer), request.unwrap()).await).await.0
}

/// A configuration with the URL at the translator and the path of its reference at the planner.
async fn agreed() -> (Pair, String, String) {
    let pair = Pair::open().await;
    pair.send(pair.config()).await;
    let given = pair.given();
    pair.post(&given, notice(TASK, WORKING)).await;
    pair.delivered(1).await;
    let path = pair.translator.line.references().remove(0);
    (pair, given, path)
}

#[tokio::test]
async fn a_foreign_peer_that_knows_a_reference_is_told_that_there_is_none() {
    let (pair, _, path) = agreed().await;
    let body = notice(TASK, "TASK_STATE_FAILED");
    let restarted = Subject { instance: "dd".repeat(16), ..translator() };
    let elsewhere = Subject { trust_domain: "other.example".into(), ..translator() };
    for peer in [somebody("spy"), restarted, elsewhere] {
        assert_eq!(deliver(&pair.planner.inbound, peer, &path, body.clone()).await, 404);
    }
    assert_eq!(pair.webhook.seen().len(), 1);
    assert_eq!(deliver(&pair.planner.inbound, translator(), &path, body).await, 204);
}

#[tokio::test]
async fn a_reference_cannot_be_guessed_nor_varied() {
    let (pair, given, path) = agreed().await;
    let body = notice(TASK, WORKING);
    let guesses = [
        "/cloister/push/".to_owned(),
        format!("{path}/"),
        format!("{path}A"),
        path[..path.len() - 1].to_owned(),
        format!("/cloister/push/{}", "A".repeat(43)),
        format!("{}{}", &path[..path.len() - 8], "AAAAAAAA"),
    ];
    for guess in guesses {
        let status = deliver(&pair.planner.inbound, translator(), &guess, body.clone()).await;
        assert_eq!(status, 404, "{guess}");
    }
    let local = |path: &str| format!("http://127.0.0.1:4700{path}");
    for guess in ["/push/", "/push/x", &format!("/push/{}", "A".repeat(43))] {
        assert_eq!(pair.post(&local(guess), body.clone()).await, 404, "{guess}");
    }
    // Neither end's capability is of use at the other.
    let capability = given.rsplit('/').next().unwrap();
    let swapped = format!("/cloister/push/{capability}");
    assert_eq!(deliver(&pair.planner.inbound, translator(), &swapped, body.clone()).await, 404);
    let reference = path.rsplit('/').next().unwrap();
    assert_eq!(pair.post(&local(&format!("/push/{reference}")), body).await, 404);
    assert_eq!(pair.webhook.seen().len(), 1);
}

#[tokio::test]
async fn nobody_delivers_for_another_task() {
    let (pair, given, path) = agreed().await;
    let foreign = notice("another", WORKING);
    assert_eq!(pair.post(&given, foreign.clone()).await, 403);
    assert_eq!(deliver(&pair.planner.inbound, translator(), &path, foreign).await, 404);
    let two = r#"{"task":{"id":"made"},"statusUpdate":{"taskId":"another"}}"#.to_owned();
    assert_eq!(pair.post(&given, two.clone()).await, 400);
    assert_eq!(deliver(&pair.planner.inbound, translator(), &path, two).await, 400);
    assert_eq!(pair.webhook.seen().len(), 1);
}

#[tokio::test]
async fn one_peers_url_is_of_no_use_for_anothers_task() {
    let (pair, given, _) = agreed().await;
    // Another planner has a task at the same translator.
    let other = Subject { instance: "bb".repeat(16), ..somebody("assistant") };
    let reference = format!("https://cloister.invalid/push/{}", "A".repeat(42) + "E");
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {
        "message": {}, "configuration": {"taskPushNotificationConfig": {"url": reference}},
    }});
    let request = Request::post("/a2a/jsonrpc").header("content-type", "application/json");
    let request = request.body(full(body.to_string())).unwrap();
    whole(pair.translator.inbound.call(Arc::new(other), request).await).await;
    let theirs = pair.given();
    assert_ne!(theirs, given);
    let listed = pair.call("ListTaskPushNotificationConfigs", json!({"taskId": TASK})).await;
    let shown = listed["result"]["configs"].as_array().unwrap();
    assert!(shown.iter().all(|config| config["url"] == pair.hook()), "{listed}");
    assert_eq!(shown.len(), 1, "{listed}");
}

#[tokio::test]
async fn a_webhook_outside_of_loopback_or_at_another_port_is_refused_by_its_own_runtime() {
    let pair = Pair::open().await;
    for url in [
        "http://169.254.169.254/latest/meta-data",
        "https://example.com/hook",
        "http://10.0.0.1:80/",
        "http://127.0.0.1:4601/v1/lease",
        "file:///etc/passwd",
        "https://cloister.invalid/push/x",
    ] {
        let refused = pair.send(json!({"url": url})).await;
        assert_eq!(refused["error"]["code"], -32602, "{url} {refused}");
        assert_eq!(
            refused["error"]["data"][0]["metadata"]["code"], "gateway.push.webhook",
            "{url}"
        );
    }
    assert!(pair.asked.lock().unwrap().is_empty());
    assert_eq!(pair.planner.pushes.counts(), (0, 0));
}

#[tokio::test]
async fn a_peer_cannot_have_the_agent_call_anything_but_its_runtime() {
    let pair = Pair::open().await;
    for url in ["http://127.0.0.1:4701/v1/channels", "https://example.com/", "http://10.0.0.1/"] {
        for (method, params) in [
            (
                "SendMessage",
                json!({"message": {}, "configuration": {"taskPushNotificationConfig": {"url": url}}}),
            ),
            (
                "SendMessage",
                json!({"message": {}, "configuration": {"pushNotificationConfig": {"url": url}}}),
            ),
            (
                "message/send",
                json!({"message": {}, "configuration": {"pushNotificationConfig": {"url": url}}}),
            ),
            ("CreateTaskPushNotificationConfig", json!({"taskId": "t", "url": url})),
            (
                "tasks/pushNotificationConfig/set",
                json!({"taskId": "t", "pushNotificationConfig": {"url": url}}),
            ),
        ] {
            let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
            let request = Request::post("/a2a/jsonrpc").header("content-type", "application/json");
            let request = request.body(full(body.to_string())).unwrap();
            let answer = pair.translator.inbound.call(Arc::new(planner()), request).await;
            assert_eq!(json_of(answer).await.1["error"]["code"], -32602, "{method} {url}");
        }
    }
    assert!(pair.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_visitor_cannot_have_itself_called_back() {
    let visitors = format!("{EVERYTHING} permit(principal is Visitor, action, resource);");
    let pair = Pair::governed(EVERYTHING, &visitors).await;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": {
        "message": {}, "configuration": {"taskPushNotificationConfig": {"url": "http://127.0.0.1:1/"}},
    }});
    let request = Request::post("/a2a/jsonrpc").header("content-type", "application/json");
    let visit = pair.translator.inbound.visit();
    let answer = visit.call(request.body(full(body.to_string())).unwrap()).await;
    assert_eq!(json_of(answer).await.1["error"]["code"], -32003);
    let (paired, _, path) = agreed().await;
    let request = Request::post(path).header("content-type", "application/json");
    let visit = paired.planner.inbound.visit();
    let answer = visit.call(request.body(full(notice(TASK, WORKING))).unwrap()).await;
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn nothing_is_delivered_for_a_deleted_configuration() {
    let (pair, given, path) = agreed().await;
    // The agent named it when it was asked for it.
    let got = pair.call("GetTaskPushNotificationConfig", json!({"taskId": TASK, "id": "x"})).await;
    let id = got["result"]["id"].clone();
    pair.call("DeleteTaskPushNotificationConfig", json!({"taskId": TASK, "id": id})).await;
    let body = notice(TASK, "TASK_STATE_COMPLETED");
    assert_eq!(pair.post(&given, body.clone()).await, 404);
    assert_eq!(deliver(&pair.planner.inbound, translator(), &path, body).await, 404);
    assert_eq!((pair.planner.pushes.counts(), pair.translator.pushes.counts()), ((0, 0), (0, 0)));
    assert_eq!(pair.webhook.seen().len(), 1);
}

#[tokio::test]
async fn nothing_is_delivered_to_or_from_a_revoked_runtime() {
    let (pair, given, path) = agreed().await;
    let revoked = planner().instance;
    pair.translator.pushes.forget_instances(|instance| instance == revoked);
    assert_eq!(pair.post(&given, notice(TASK, "TASK_STATE_FAILED")).await, 404);
    pair.planner.pushes.forget_instances(|instance| instance == translator().instance);
    let body = notice(TASK, "TASK_STATE_FAILED");
    assert_eq!(deliver(&pair.planner.inbound, translator(), &path, body).await, 404);
    assert_eq!(pair.webhook.seen().len(), 1);
}

#[tokio::test]
async fn a_peer_that_forgot_a_configuration_ends_it() {
    let (pair, given, _) = agreed().await;
    pair.planner.pushes.forget_instances(|_| true);
    assert_eq!(pair.post(&given, notice(TASK, "TASK_STATE_FAILED")).await, 202);
    while pair.translator.pushes.counts() != (0, 0) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(pair.post(&given, notice(TASK, "TASK_STATE_REJECTED")).await, 404);
}

#[tokio::test]
async fn another_runtime_of_the_same_name_is_not_delivered_to() {
    let (pair, given, _) = agreed().await;
    let restarted = Subject { instance: "dd".repeat(16), ..planner() };
    pair.translator.line.answered_by(restarted);
    assert_eq!(pair.post(&given, notice(TASK, "TASK_STATE_FAILED")).await, 202);
    // Long enough for the first attempt and not for the second to be of consequence.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(pair.translator.line.references().len(), 1);
    pair.translator.line.answered_by(planner());
    pair.delivered(2).await;
}

#[tokio::test]
async fn what_is_too_large_or_no_notification_is_refused_at_both_ends() {
    let (pair, given, path) = agreed().await;
    let large = format!(r#"{{"task":{{"id":"{TASK}","x":"{}"}}}}"#, "x".repeat(1024 * 1024));
    assert_eq!(pair.post(&given, large.clone()).await, 413);
    assert_eq!(deliver(&pair.planner.inbound, translator(), &path, large).await, 413);
    for body in ["", "no", "[]", "{}", r#"{"task":{}}"#] {
        assert_eq!(pair.post(&given, body).await, 400, "{body}");
        let status = deliver(&pair.planner.inbound, translator(), &path, body.to_owned()).await;
        assert_eq!(status, 400, "{body}");
    }
    let get = Request::get(given.as_str()).body(full("")).unwrap();
    assert_eq!(pair.translator.outbound.call(get).await.status(), 404);
    let text = Request::post(given.as_str()).body(full(notice(TASK, WORKING))).unwrap();
    assert_eq!(pair.translator.outbound.call(text).await.status(), 400);
    assert_eq!(pair.webhook.seen().len(), 1);
}

#[tokio::test]
async fn a_peers_agent_cannot_reach_the_place_of_deliveries_by_a_request_of_its_own() {
    let (pair, _, path) = agreed().await;
    let request = Request::post(format!("/agents/planner{path}"))
        .header("host", "127.0.0.1")
        .header("content-type", "application/json")
        .body(full(notice(TASK, WORKING)));
    let answer = pair.translator.outbound.call(request.unwrap()).await;
    let (status, body) = json_of(answer).await;
    assert_eq!(status, 404, "{body}");
    assert_eq!(
        body["error"]["details"][0]["metadata"]["code"],
        Value::from("gateway.request.operation")
    );
    assert_eq!(pair.webhook.seen().len(), 1);
}
