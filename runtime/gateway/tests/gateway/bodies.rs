//! What is forwarded is what was sent.

use std::sync::LazyLock;

use cloister_gateway::empty;
use cloister_gateway::full;
use proptest::prelude::*;
use proptest::test_runner::Config;
use tokio::runtime::Runtime;

use crate::agent::Agent;
use crate::network::{Network, whole};

/// One runtime and network for all the cases of a property.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static NETWORK: LazyLock<Network> =
    LazyLock::new(|| RUNTIME.block_on(async { Network::open(Agent::echo().await).await }));

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", " ", "\n\t", "\r\n  "])
}

/// A JSON value as somebody might write it: odd spacing, escapes, number forms, unicode.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("1.50e+02".to_owned()),
        Just("-0.0".to_owned()),
        Just("12345678901234567890123".to_owned()),
        Just("\"\\u00e9\\/\\ud83d\\ude00\"".to_owned()),
        Just("\"{\\\"method\\\":\\\"CancelTask\\\"}\"".to_owned()),
        "[a-z\u{e9}\u{4e00}\u{1f600}]{0,8}".prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let list = (prop::collection::vec(inner.clone(), 0..4), space())
            .prop_map(|(items, s)| format!("[{s}{}{s}]", items.join(&format!("{s},"))));
        let object = (prop::collection::vec(inner, 0..4), space()).prop_map(|(items, s)| {
            let members =
                items.iter().enumerate().map(|(at, item)| format!("\"k{at}\"{s}:{s}{item}"));
            format!("{{{s}{}{s}}}", members.collect::<Vec<_>>().join(","))
        });
        prop_oneof![list, object]
    })
}

/// A SendMessage request around such values, members in any order, unknown ones among them.
fn request() -> impl Strategy<Value = String> {
    (value(), value(), value(), space()).prop_flat_map(|(part, unknown, metadata, s)| {
        let members = vec![
            "\"jsonrpc\":\"2.0\"".to_owned(),
            format!("\"id\"{s}:{s}\"x-1\""),
            format!("\"m\\u0065thod\":{s}\"SendMessage\""),
            format!("\"x-unknown\":{unknown}"),
            format!("\"params\":{{\"message\":{{\"task_id\":\"t\",{s}\"parts\":[{{\"data\":{part}}}]}},\"metadata\":{metadata}}}"),
        ];
        Just(members).prop_shuffle().prop_map(move |members| format!("{s}{{{s}{}{s}}}{s}", members.join(&format!("{s},{s}"))))
    })
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(48) })]

    #[test]
    fn json_rpc_bodies_cross_byte_for_byte_in_both_directions(body in request()) {
        let network = &*NETWORK;
        let (status, answer) = RUNTIME.block_on(async { whole(network.rpc(body.clone()).await).await });
        prop_assert_eq!(status, 202);
        prop_assert_eq!(&answer, body.as_bytes());
        let arrived = network.agent.seen().last().unwrap().body.clone();
        prop_assert_eq!(arrived, body.as_bytes());
    }

    #[test]
    fn http_json_bodies_cross_byte_for_byte_in_both_directions(part in value(), s in space()) {
        let body = format!("{s}{{{s}\"message\":{{\"task_id\"{s}:\"t\",\"parts\":[{{\"data\":{part}}}]}}}}{s}");
        let sent = NETWORK.rest("POST", "/message:send", full(body.clone()));
        let (status, answer) = RUNTIME.block_on(async { whole(sent.await).await });
        prop_assert_eq!(status, 202);
        prop_assert_eq!(&answer, body.as_bytes());
        let arrived = NETWORK.agent.seen().last().unwrap().body.clone();
        prop_assert_eq!(arrived, body.as_bytes());
    }
}

#[tokio::test]
async fn query_and_path_cross_as_they_were_written() {
    let network = Network::open(Agent::echo().await).await;
    let path = "/acme/tasks?contextId=a%2Fb+c&pageSize=1&x=%zz&pageSize=again";
    let (status, _) = whole(network.rest("GET", path, empty()).await).await;
    assert_eq!(status, 202);
    assert_eq!(network.agent.only().uri.to_string(), format!("/a2a/rest{path}"));
}

#[tokio::test]
async fn every_http_json_operation_that_is_not_rewritten_arrives_under_its_own_method_and_path() {
    let network = Network::open(Agent::echo().await).await;
    let operations = [
        ("GET", "/tasks"),
        ("GET", "/tasks/t-1"),
        ("POST", "/tasks/t-1:cancel"),
        ("POST", "/tasks/t-1:subscribe"),
        ("GET", "/tasks/t-1:subscribe"),
        ("GET", "/tasks/t-1/pushNotificationConfigs"),
        ("GET", "/tasks/t-1/pushNotificationConfigs/c"),
        ("DELETE", "/tasks/t-1/pushNotificationConfigs/c"),
        ("POST", "/message:send"),
        ("POST", "/message:stream"),
    ];
    for (method, path) in operations {
        let sends = path.starts_with("/message");
        for path in [path.to_owned(), format!("/acme{path}")] {
            let body = if sends { full(r#"{"message":{}}"#) } else { empty() };
            let (status, _) = whole(network.rest(method, &path, body).await).await;
            assert_eq!(status, 202, "{method} {path}");
        }
    }
    let seen = network.agent.seen();
    assert_eq!(seen.len(), 2 * operations.len());
    for (seen, (method, path)) in seen.chunks(2).zip(operations) {
        assert_eq!(
            (seen[0].method.as_str(), seen[0].uri.path()),
            (method, format!("/a2a/rest{path}").as_str())
        );
        assert_eq!(seen[1].uri.path(), format!("/a2a/rest/acme{path}"));
    }
}

#[tokio::test]
async fn a_request_that_declares_its_length_arrives_with_it() {
    let network = Network::open(Agent::echo().await).await;
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"t"}}"#;
    whole(network.rpc(body).await).await;
    let seen = network.agent.only();
    assert_eq!(seen.headers["content-length"], body.len().to_string());
    assert!(!seen.headers.contains_key("transfer-encoding"));
}
