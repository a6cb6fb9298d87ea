//! What a server says on its own account, and what it says that it can do.

use cloister_gateway::full;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::server::{FAR, LEGACY, ask, governed, legacy, methodical, modern, post, typed};
use crate::agent::Agent;
use crate::network::{EVERYTHING, Network, json_of, whole};

const NO_ANSWERS: &str = r#"
    permit(principal, action, resource);
    forbid(principal, action in [Action::"respond", Action::"prompts_list", Action::"prompts_get"], resource);
    forbid(principal, action, resource) when { context has resource && context.resource == "file:///secret" };
"#;

fn asks(method: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": "s", "method": method, "params": {}})
}

fn tells(method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

/// A server that answers everything with these messages, and then with its own answer.
async fn talking(messages: Vec<Value>) -> Agent {
    Agent::answering(move |seen| {
        let Ok(asked) = serde_json::from_slice::<Value>(&seen.body) else {
            return Response::new(full(""));
        };
        if asked.get("method").is_none() {
            let mut taken = Response::new(full(""));
            *taken.status_mut() = StatusCode::ACCEPTED;
            return taken;
        }
        let answer = json!({"jsonrpc": "2.0", "id": asked["id"], "result": {"content": []}});
        let events = messages.iter().chain([&answer]);
        let events: String = events.map(|message| format!("id: e\ndata: {message}\n\n")).collect();
        typed("text/event-stream", events)
    })
    .await
}

async fn heard(network: &Network) -> String {
    let read = legacy("prompts/get", json!({"name": "x"})).to_string();
    let read = read.replace("prompts/get", "completion/complete");
    let read = read.replace(r#""name":"x""#, r#""ref":{"type":"ref/prompt","name":"x"}"#);
    let response = post(network, FAR, &[("mcp-protocol-version", LEGACY)], read).await;
    String::from_utf8(whole(response).await.1.to_vec()).unwrap()
}

#[tokio::test]
async fn who_may_not_answer_is_not_asked_whichever_end_says_so() {
    let requests = ["ping", "sampling/createMessage", "elicitation/create", "roots/list"];
    let messages: Vec<_> = requests.iter().map(|method| asks(method)).collect();
    for (calling, called) in [(NO_ANSWERS, EVERYTHING), (EVERYTHING, NO_ANSWERS)] {
        let network = governed(talking(messages.clone()).await, calling, called).await;
        let heard = heard(&network).await;
        assert_eq!(heard.matches("data: ").count(), 1, "{heard}");
        assert_eq!(
            heard.matches("id: e\n").count(),
            5,
            "the places in the stream are kept: {heard}"
        );
    }
    let network = governed(talking(messages).await, EVERYTHING, EVERYTHING).await;
    let heard = heard(&network).await;
    assert!(requests.iter().all(|method| heard.contains(method)), "{heard}");
}

/// Longer than anything takes that is going to happen.
const HANG: core::time::Duration = core::time::Duration::from_secs(20);

/// The codes of the errors that `server` was answered with under the id that [`asks`] gives, once
/// there are so many.
async fn declined(server: &Agent, count: usize) -> Vec<Value> {
    loop {
        let seen = server.seen().into_iter();
        let said = seen.filter_map(|seen| serde_json::from_slice::<Value>(&seen.body).ok());
        let declined = said.filter(|said| said["id"] == "s" && said.get("error").is_some());
        let codes: Vec<Value> = declined.map(|said| said["error"]["code"].clone()).collect();
        if codes.len() >= count {
            return codes;
        }
        tokio::time::sleep(core::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_server_is_told_that_nobody_answers_what_its_caller_does_not_hear() {
    let messages = vec![asks("elicitation/create"), asks("unheard/of")];
    for (calling, called) in [(NO_ANSWERS, EVERYTHING), (EVERYTHING, NO_ANSWERS)] {
        let server = talking(messages.clone()).await;
        let network = governed(server.clone(), calling, called).await;
        heard(&network).await;
        let declined = tokio::time::timeout(HANG, declined(&server, 2));
        let mut codes = declined.await.expect("it waits for an answer");
        codes.sort_by_key(Value::as_i64);
        assert_eq!(codes, [json!(-32601), json!(-31403)]);
        let told = server
            .seen()
            .into_iter()
            .find(|seen| seen.body.starts_with(b"{\"jsonrpc\":\"2.0\",\"id\":\"s\""));
        let told = told.unwrap();
        assert_eq!((told.method.as_str(), told.uri.path()), ("POST", "/mcp"));
        assert_eq!(told.headers["mcp-protocol-version"], LEGACY);
        assert_eq!(told.headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn a_server_of_the_era_without_sessions_is_sent_no_answers() {
    let server = talking(vec![asks("unheard/of")]).await;
    let network = governed(server.clone(), EVERYTHING, EVERYTHING).await;
    let complete =
        modern("completion/complete", json!({"ref": {"type": "ref/prompt", "name": "x"}}));
    let (_, body) = whole(ask(&network, FAR, &complete).await).await;
    assert!(!String::from_utf8_lossy(&body).contains("unheard/of"));
    // Whatever was sent on the first one's account came before the second.
    whole(ask(&network, FAR, &complete).await).await;
    let said = server.seen().into_iter().map(|seen| seen.body);
    assert!(said.into_iter().all(|body| !body.windows(5).any(|part| part == b"error")));
}

#[tokio::test]
async fn notifications_are_heard_by_who_may_see_what_they_are_about() {
    let messages = vec![
        tells("notifications/message", &json!({"data": "a log"})),
        tells("notifications/prompts/list_changed", &json!({})),
        tells("notifications/resources/updated", &json!({"uri": "file:///open"})),
        tells("notifications/resources/updated", &json!({"uri": "file:///secret"})),
        tells("notifications/unheard/of", &json!({"data": "x"})),
        asks("unheard/of"),
        json!({"jsonrpc": "2.0", "result": 1}),
        json!([asks("ping")]),
    ];
    for (calling, called) in [(NO_ANSWERS, EVERYTHING), (EVERYTHING, NO_ANSWERS)] {
        let network = governed(talking(messages.clone()).await, calling, called).await;
        let heard = heard(&network).await;
        assert_eq!(heard.matches("data: ").count(), 3, "{heard}");
        assert!(heard.contains("a log") && heard.contains("file:///open"), "{heard}");
    }
}

#[tokio::test]
async fn an_answer_that_asks_for_input_is_withheld_from_who_may_not_give_it() {
    let input = json!({"resultType": "input_required", "inputRequests": {
        "login": {"method": "elicitation/create", "params": {"message": "your password"}}}});
    let server = move |method: &str, _: &Value| match method {
        "tools/list" => Some(json!({"tools": [{"name": "x"}]})),
        _ => Some(input.clone()),
    };
    let call = modern("tools/call", json!({"name": "x", "arguments": {}}));
    for (calling, called) in [(NO_ANSWERS, EVERYTHING), (EVERYTHING, NO_ANSWERS)] {
        let network = governed(methodical(server.clone()).await, calling, called).await;
        let (_, answer) = json_of(ask(&network, FAR, &call).await).await;
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-31403)));
        assert!(!answer.to_string().contains("password"));
    }
    let network = governed(methodical(server).await, EVERYTHING, EVERYTHING).await;
    let (_, answer) = json_of(ask(&network, FAR, &call).await).await;
    assert_eq!(answer["result"]["inputRequests"]["login"]["method"], "elicitation/create");
}

#[tokio::test]
async fn what_a_caller_may_not_ask_for_is_not_offered_in_either_era() {
    let capabilities = json!({"tools": {}, "prompts": {}, "completions": {}});
    let server = move |method: &str, _: &Value| match method {
        "server/discover" => Some(json!({"resultType": "complete", "supportedVersions":
            ["2027-01-01", "2026-07-28", "2025-11-25"], "capabilities": capabilities,
            "ttlMs": 0, "cacheScope": "public"})),
        _ => Some(json!({"protocolVersion": LEGACY, "capabilities": capabilities})),
    };
    let network = governed(methodical(server).await, EVERYTHING, NO_ANSWERS).await;
    let shown = json!({"tools": {}, "completions": {}});
    let (_, answer) =
        json_of(ask(&network, FAR, &modern("server/discover", json!({}))).await).await;
    assert_eq!(answer["result"]["capabilities"], shown);
    assert_eq!(answer["result"]["supportedVersions"], json!(["2026-07-28", "2025-11-25"]));
    let begin = legacy("initialize", json!({})).to_string();
    let (_, answer) = json_of(post(&network, FAR, &[], begin).await).await;
    assert_eq!(answer["result"]["capabilities"], shown);
}

#[tokio::test]
async fn a_session_in_a_revision_that_is_not_carried_does_not_begin() {
    let server = |_: &str, _: &Value| Some(json!({"protocolVersion": "2024-11-05"}));
    let network = governed(methodical(server).await, EVERYTHING, EVERYTHING).await;
    let begin = legacy("initialize", json!({})).to_string();
    let (_, answer) = json_of(post(&network, FAR, &[], begin).await).await;
    assert_eq!(answer["error"]["code"], -32022, "{answer}");
}

#[tokio::test]
async fn a_server_may_say_in_words_that_it_took_a_notification() {
    let server = Agent::answering(|_| {
        let mut response = typed("text/plain", "Accepted");
        *response.status_mut() = StatusCode::ACCEPTED;
        response
    });
    let network = governed(server.await, EVERYTHING, EVERYTHING).await;
    let told = tells("notifications/initialized", &json!({})).to_string();
    let (status, body) = whole(post(&network, FAR, &[], told).await).await;
    assert_eq!((status, &body[..]), (StatusCode::ACCEPTED, &b""[..]));
    let asked = legacy("ping", json!({})).to_string();
    let (status, body) = whole(post(&network, FAR, &[], asked).await).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(!String::from_utf8_lossy(&body).contains("Accepted"));
}

#[tokio::test]
async fn a_list_is_filtered_whatever_it_comes_as_the_answer_to() {
    let tools = json!({"tools": [{"name": "secret"}]});
    let server = move |_: &str, _: &Value| Some(tools.clone());
    let no_tools = r#"permit(principal, action, resource);
        forbid(principal, action == Action::"tools_call", resource);"#;
    let network = governed(methodical(server).await, EVERYTHING, no_tools).await;
    let complete =
        modern("completion/complete", json!({"ref": {"type": "ref/prompt", "name": "x"}}));
    let (_, answer) = json_of(ask(&network, FAR, &complete).await).await;
    assert_eq!(answer["result"]["tools"], json!([]));
}
