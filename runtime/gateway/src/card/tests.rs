use serde_json::{Value, json};

use super::{Beneath, CardError, Front, Interfaces, rewritten};
use crate::limits::INTERFACES_MAX;
use crate::path::PlainPath;

const BASE: &str = "http://127.0.0.1:4600/agents/translator";
const GRPC: &str = "127.80.7.1:4600";

/// A card of both eras, as the official Python SDK serves one.
fn card() -> Value {
    json!({
        "name": "Translator",
        "description": "Übersetzt \u{2028} text",
        "version": "2.1.0",
        "url": "http://127.0.0.1:9000/v03",
        "preferredTransport": "JSONRPC",
        "additionalInterfaces": [{"url": "http://10.0.0.7/rest", "transport": "HTTP+JSON"}],
        "protocolVersion": "0.3.0",
        "supportsAuthenticatedExtendedCard": true,
        "supportedInterfaces": [
            {"url": "http://127.0.0.1:9000/a2a/jsonrpc", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
            {"url": "127.0.0.1:9001", "protocolBinding": "GRPC", "protocolVersion": "1.0"},
            {"url": "https://translator.example/rest/", "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0.1", "tenant": "acme", "x-new": [1.50]},
            {"url": "http://127.0.0.1:9000/v03", "protocolBinding": "JSONRPC", "protocolVersion": "0.3"},
            {"url": "http://127.0.0.1:9000/custom", "protocolBinding": "https://example.org/binding", "protocolVersion": "1.0"},
        ],
        "capabilities": {"streaming": true, "pushNotifications": false, "extensions": [{"uri": "urn:x", "required": false}]},
        "signatures": [{"protected": "e30", "signature": "AA"}],
        "x-unknown": {"kept": ["as", 1, 2.0, null]},
    })
}

fn front() -> Front {
    Front { base: BASE.to_owned(), grpc: Some(GRPC.to_owned()) }
}

fn shown(card: &str, front: &Front) -> Result<String, CardError> {
    rewritten(card.as_bytes(), front).map(|raw| raw.get().to_owned())
}

fn rewrite(card: &Value) -> Value {
    let raw = rewritten(card.to_string().as_bytes(), &front()).unwrap();
    serde_json::from_str(raw.get()).unwrap()
}

fn one(url: &str, binding: &str) -> Interfaces {
    let card = json!({"supportedInterfaces": [{"url": url, "protocolBinding": binding, "protocolVersion": "1.0"}]});
    Interfaces::of_card(card.to_string().as_bytes()).unwrap()
}

#[test]
fn urls_of_both_versions_lead_through_the_gateway_and_what_is_not_carried_is_gone() {
    let seen = rewrite(&card());
    assert_eq!(
        seen["supportedInterfaces"],
        json!([
            {"url": format!("{BASE}/a2a/jsonrpc"), "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
            {"url": GRPC, "protocolBinding": "GRPC", "protocolVersion": "1.0"},
            {"url": format!("{BASE}/rest/"), "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0.1", "tenant": "acme", "x-new": [1.50]},
            {"url": format!("{BASE}/v03"), "protocolBinding": "JSONRPC", "protocolVersion": "0.3"},
        ])
    );
    assert_eq!(seen["url"], format!("{BASE}/v03"));
    assert_eq!(seen["preferredTransport"], "JSONRPC");
    assert_eq!(seen["protocolVersion"], "0.3.0");
    assert_eq!(
        seen["additionalInterfaces"],
        json!([{"url": format!("{BASE}/rest"), "transport": "HTTP+JSON"}])
    );
    assert!(seen.get("signatures").is_none());
}

#[test]
fn grpc_is_offered_only_where_calls_can_reach_this_agent() {
    let front = Front { grpc: None, ..front() };
    let seen: Value = serde_json::from_str(&shown(&card().to_string(), &front).unwrap()).unwrap();
    assert!(!seen.to_string().contains("GRPC"), "{seen}");
    let only = json!({"supportedInterfaces": [
        {"url": "127.0.0.1:9001", "protocolBinding": "GRPC", "protocolVersion": "1.0"},
    ]});
    assert_eq!(shown(&only.to_string(), &front), Err(CardError::NoInterface));
}

/// A card of version 0.3 alone, with its version, preferred transport and other interfaces.
fn earlier(version: &str, preferred: &str, others: &Value) -> Value {
    json!({
        "name": "Old", "protocolVersion": version, "preferredTransport": preferred,
        "url": "http://10.0.0.7:9000/rpc", "additionalInterfaces": others, "skills": [],
    })
}

#[test]
fn a_card_of_the_earlier_version_alone_is_rewritten_as_well() {
    let seen = rewrite(&earlier("0.3.0", "JSONRPC", &json!([])));
    assert_eq!(
        seen,
        json!({
            "name": "Old", "protocolVersion": "0.3.0", "preferredTransport": "JSONRPC",
            "url": format!("{BASE}/rpc"), "skills": [],
        })
    );
    let mut unsaid = earlier("", "", &json!([]));
    for field in ["protocolVersion", "preferredTransport"] {
        unsaid.as_object_mut().unwrap().remove(field);
    }
    let seen = rewrite(&unsaid);
    assert_eq!(
        (&seen["url"], &seen["preferredTransport"]),
        (&json!(format!("{BASE}/rpc")), &json!("JSONRPC"))
    );
}

#[test]
fn another_interface_takes_the_place_of_a_preferred_one_that_is_not_carried() {
    let others = json!([
        {"url": "http://10.0.0.7/x", "transport": "https://example.org/own"},
        {"url": "grpc.internal:9001", "transport": "GRPC", "x-kept": 1},
    ]);
    let seen = rewrite(&earlier("0.3.0", "https://example.org/own", &others));
    assert_eq!((&seen["url"], &seen["preferredTransport"]), (&json!(GRPC), &json!("GRPC")));
    assert_eq!(
        seen["additionalInterfaces"],
        json!([{"url": GRPC, "transport": "GRPC", "x-kept": 1}])
    );
}

#[test]
fn fields_of_a_version_that_is_not_carried_do_not_stay() {
    let mut card = card();
    card["protocolVersion"] = json!("0.2.6");
    let seen = rewrite(&card);
    for field in super::rewrite::EARLIER_FIELDS {
        assert!(seen.get(field).is_none(), "{field}");
    }
    assert_eq!(
        shown(&earlier("0.2.6", "JSONRPC", &json!([])).to_string(), &front()),
        Err(CardError::NoInterface)
    );
}

#[test]
fn a_rewritten_card_is_rewritten_to_itself() {
    for card in [
        card(),
        earlier("0.3.0", "JSONRPC", &json!([{"url": "http://a", "transport": "HTTP+JSON"}])),
    ] {
        let once = shown(&card.to_string(), &front()).unwrap();
        assert_eq!(shown(&once, &front()).unwrap(), once);
    }
}

#[test]
fn a_path_that_looks_like_the_gateways_is_the_agents_all_the_same() {
    let card = json!({"supportedInterfaces": [{
        "url": "https://translator.cloister/agents/translator/rpc",
        "protocolBinding": "JSONRPC", "protocolVersion": "1.0",
    }]});
    let seen = rewrite(&card);
    assert_eq!(seen["supportedInterfaces"][0]["url"], format!("{BASE}/agents/translator/rpc"));
}

#[test]
fn everything_else_is_kept() {
    let (received, seen) = (card(), rewrite(&card()));
    for field in [
        "name",
        "description",
        "version",
        "capabilities",
        "x-unknown",
        "supportsAuthenticatedExtendedCard",
    ] {
        assert_eq!(seen[field], received[field], "{field}");
    }
}

#[test]
fn no_address_of_the_agent_is_left_in_any_spelling() {
    let snake = json!({
        "supported_interfaces": [{"url": "http://127.0.0.1:9000/a", "protocol_binding": "JSONRPC", "protocol_version": "1.0"}],
        "URL": "http://127.0.0.1:9000/a",
        "additional_interfaces": [{"url": "http://127.0.0.1:9000/b"}],
        "Signatures": [],
    });
    let seen = rewrite(&snake).to_string();
    assert!(!seen.contains("9000"), "{seen}");
    assert!(seen.contains("agents/translator/a"), "{seen}");
    assert!(!seen.contains("ignatures"), "{seen}");
}

#[test]
fn a_card_that_could_hide_an_interface_is_refused() {
    let doubled =
        r#"{"supportedInterfaces":[],"supported_interfaces":[{"url":"http://10.0.0.1/"}]}"#;
    assert!(matches!(rewritten(doubled.as_bytes(), &front()), Err(CardError::Object(_))));
    let inner = r#"{"supportedInterfaces":[{"url":"http://a/","URL":"http://b/","protocolBinding":"JSONRPC","protocolVersion":"1.0"}]}"#;
    assert!(matches!(rewritten(inner.as_bytes(), &front()), Err(CardError::Object(_))));
}

#[test]
fn a_card_without_a_carried_interface_says_so() {
    for card in [json!({"name": "none", "url": ""}), json!({"supportedInterfaces": []})] {
        assert_eq!(
            rewritten(card.to_string().as_bytes(), &front()).unwrap_err(),
            CardError::NoInterface
        );
    }
    let many = vec![json!({"url": "http://a/"}); INTERFACES_MAX + 1];
    let many = json!({"supportedInterfaces": many}).to_string();
    assert_eq!(rewritten(many.as_bytes(), &front()).unwrap_err(), CardError::Interfaces);
}

#[test]
fn urls_with_two_readings_are_not_carried() {
    for url in [
        "http://a/x/../y",
        "http://a//x",
        "http://a/%2f",
        "ftp://a/x",
        "a/x",
        "/x",
        "http://a/x#y",
        "",
    ] {
        assert_eq!(one(url, "JSONRPC"), Interfaces::default(), "{url}");
    }
}

#[test]
fn paths_belong_to_the_interfaces_of_the_card() {
    let path = |path: &'static str| PlainPath::parse(path).unwrap();
    for (url, at) in [
        ("http://a", "/"),
        ("http://a/", "/"),
        ("http://a?x=1", "/"),
        ("http://a:1/a2a/jsonrpc", "/a2a/jsonrpc"),
        ("http://a/rpc/", "/rpc/"),
    ] {
        assert!(one(url, "JSONRPC").is_json_rpc(&path(at)), "{url}");
        assert!(!one(url, "HTTP+JSON").is_json_rpc(&path(at)), "{url}");
    }
    for (url, at) in [
        ("http://a/rpc", "/rpc/"),
        ("http://a/rpc", "/rpcs"),
        ("http://a/rpc", "/"),
        ("http://a/", "/x"),
    ] {
        assert!(!one(url, "JSONRPC").is_json_rpc(&path(at)), "{url} {at}");
    }
    for url in ["http://a/rest", "http://a/rest/"] {
        let rest = one(url, "HTTP+JSON");
        assert_eq!(rest.http_json(&path("/rest/tasks/1")), [at("tasks/1")]);
        assert!(rest.http_json(&path("/restful/tasks")).is_empty());
        assert!(rest.http_json(&path("/tasks")).is_empty());
        assert!(one(url, "JSONRPC").http_json(&path("/rest/tasks")).is_empty());
    }
    assert_eq!(one("http://a", "HTTP+JSON").http_json(&path("/tasks")), [at("tasks")]);
}

/// The rest of a path beneath an interface of version 1.0.
fn at(rest: &str) -> Beneath<'_> {
    Beneath { version: "1.0", rest }
}

#[test]
fn the_interface_with_the_longest_path_comes_first() {
    let card = json!({"supportedInterfaces": [
        {"url": "http://a", "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0"},
        {"url": "http://a/v2", "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0"},
    ]});
    let interfaces = Interfaces::of_card(card.to_string().as_bytes()).unwrap();
    let path = PlainPath::parse("/v2/tasks").unwrap();
    assert_eq!(interfaces.http_json(&path), [at("tasks"), at("v2/tasks")]);
}

#[test]
fn the_interfaces_of_a_merged_card_are_of_both_versions() {
    let interfaces = Interfaces::of_card(card().to_string().as_bytes()).unwrap();
    let path = |path: &'static str| PlainPath::parse(path).unwrap();
    assert!(interfaces.is_json_rpc(&path("/v03")));
    assert!(interfaces.is_json_rpc(&path("/a2a/jsonrpc")));
    let earlier = Beneath { version: "0.3", rest: "tasks" };
    assert_eq!(interfaces.http_json(&path("/rest/tasks")), [at("tasks"), earlier]);
    assert!(interfaces.has_grpc("1.0"));
    assert!(!interfaces.has_grpc("0.3"));
}
