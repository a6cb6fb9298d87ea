//! What each side is told of a configuration.

use cloister_gateway::full;
use http::Request;
use serde_json::{Value, json};

use super::pair::{CREDENTIALS, Pair, TASK, TOKEN};
use crate::network::json_of;

/// Nothing that only the webhook may know has crossed, nor its address.
fn nothing_leaked(pair: &Pair) {
    for body in pair.planner.line.crossed("/") {
        let text = String::from_utf8_lossy(&body).into_owned();
        for secret in [TOKEN, CREDENTIALS, &pair.hook(), "127.0.0.1"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

/// The task exists, and is the planner's.
async fn with_task() -> Pair {
    let pair = Pair::open().await;
    let made = pair.call("SendMessage", json!({"message": {}})).await;
    assert_eq!(made["result"]["task"]["id"], TASK, "{made}");
    pair
}

#[tokio::test]
async fn the_agent_that_is_asked_is_given_a_url_of_its_own_runtime_and_no_secret() {
    let pair = Pair::open().await;
    let answer = pair.send(pair.config()).await;
    assert_eq!(answer["result"]["task"]["id"], TASK, "{answer}");
    let given = pair.given();
    assert!(given.starts_with("http://127.0.0.1:4700/push/"), "{given}");
    let seen = pair.asked.lock().unwrap().last().cloned().unwrap();
    let seen: Value = serde_json::from_slice(&seen).unwrap();
    let expected = json!({"message": {}, "configuration": {
        "taskPushNotificationConfig": {"url": given},
    }});
    assert_eq!(seen["params"], expected);
    nothing_leaked(&pair);
    assert_eq!((pair.planner.pushes.counts(), pair.translator.pushes.counts()), ((1, 0), (0, 1)));
}

#[tokio::test]
async fn the_caller_is_shown_what_it_gave() {
    let pair = with_task().await;
    let mut config = pair.config();
    config["taskId"] = json!(TASK);
    config["id"] = json!("mine");
    config["future"] = json!({"kept": [1]});
    let created = pair.call("CreateTaskPushNotificationConfig", config.clone()).await;
    assert_eq!(created["result"], config, "{created}");
    let named = json!({"taskId": TASK, "id": "mine"});
    let got = pair.call("GetTaskPushNotificationConfig", named).await;
    assert_eq!(got["result"], config, "{got}");
    let listed = pair.call("ListTaskPushNotificationConfigs", json!({"taskId": TASK})).await;
    assert_eq!(listed["result"], json!({"configs": [config]}), "{listed}");
    nothing_leaked(&pair);
}

#[tokio::test]
async fn the_earlier_version_is_replaced_and_shown_in_its_own_form() {
    let pair = Pair::open().await;
    pair.call("message/send", json!({"message": {}})).await;
    let authentication = json!({"schemes": ["Bearer"], "credentials": CREDENTIALS});
    let inner =
        json!({"id": "c", "url": pair.hook(), "token": TOKEN, "authentication": authentication});
    let config = json!({"taskId": TASK, "pushNotificationConfig": inner});
    let set = pair.call("tasks/pushNotificationConfig/set", config.clone()).await;
    assert_eq!(set["result"], config, "{set}");
    assert!(pair.given().starts_with("http://127.0.0.1:4700/push/"));
    let one = json!({"id": TASK, "pushNotificationConfigId": "c"});
    let got = pair.call("tasks/pushNotificationConfig/get", one).await;
    assert_eq!(got["result"], config, "{got}");
    let listed = pair.call("tasks/pushNotificationConfig/list", json!({"id": TASK})).await;
    assert_eq!(listed["result"], json!([config]), "{listed}");
    let inline = json!({"message": {}, "configuration": {"pushNotificationConfig": inner}});
    let sent = pair.call("message/send", inline).await;
    assert_eq!(sent["result"]["id"], TASK, "{sent}");
    nothing_leaked(&pair);
}

#[tokio::test]
async fn another_binding_shows_the_same() {
    let pair = with_task().await;
    let rest = async |method: &str, path: &str, body: String| {
        let request = Request::builder()
            .method(method)
            .uri(format!("/agents/translator/a2a/rest/tasks/{TASK}/pushNotificationConfigs{path}"))
            .header("host", "127.0.0.1")
            .header("a2a-version", "1.0");
        let request = match method {
            "POST" => request.header("content-type", "application/a2a+json").body(full(body)),
            _ => request.body(full("")),
        };
        json_of(pair.planner.outbound.call(request.unwrap()).await).await
    };
    let mut config = pair.config();
    config["id"] = json!("c");
    let (status, created) = rest("POST", "", config.to_string()).await;
    assert_eq!((status.as_u16(), &created), (200, &config));
    assert_eq!(rest("GET", "/c", String::new()).await.1, config);
    assert_eq!(rest("GET", "", String::new()).await.1, json!({"configs": [config]}));
    let by_rpc =
        pair.call("GetTaskPushNotificationConfig", json!({"taskId": TASK, "id": "c"})).await;
    assert_eq!(by_rpc["result"], config);
    nothing_leaked(&pair);
}

#[tokio::test]
async fn an_agent_that_refuses_notifications_is_heard_and_nothing_is_kept() {
    let pair = Pair::open().await;
    let message = json!({"metadata": {"refuse": true}});
    let configuration = json!({"taskPushNotificationConfig": pair.config()});
    let params = json!({"message": message, "configuration": configuration});
    let refused = pair.call("SendMessage", params).await;
    assert_eq!(refused["error"]["code"], -32003, "{refused}");
    assert_eq!((pair.planner.pushes.counts(), pair.translator.pushes.counts()), ((0, 0), (0, 0)));
}

#[tokio::test]
async fn a_configuration_that_its_caller_did_not_give_is_not_shown() {
    let pair = with_task().await;
    let mut config = pair.config();
    config["taskId"] = json!(TASK);
    config["id"] = json!("c");
    pair.call("CreateTaskPushNotificationConfig", config).await;
    // As after a restart of the runtime beside the agent, which keeps its configurations.
    pair.translator.pushes.forget_instances(|_| true);
    let listed = pair.call("ListTaskPushNotificationConfigs", json!({"taskId": TASK})).await;
    assert_eq!(listed["result"], json!({"configs": []}), "{listed}");
    let got = pair.call("GetTaskPushNotificationConfig", json!({"taskId": TASK, "id": "c"})).await;
    assert_eq!(got["error"]["code"], -32001, "{got}");
    nothing_leaked(&pair);
}
