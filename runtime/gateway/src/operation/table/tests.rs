use std::collections::HashSet;

use cloister_policy::{OperationName, Protocol};
use http::Method;

use super::{HTTP, RPC, Segment, V0_3, V1_0, http, rpc};

/// What `method path` classifies as.
fn name(method: &Method, path: &str) -> Option<OperationName> {
    http(method, path).map(|found| found.row.name)
}

/// The path of a row with ids filled in.
fn path(segments: &[Segment]) -> String {
    let texts = segments.iter().map(|segment| match segment {
        Segment::Is(text) => (*text).to_owned(),
        Segment::Task => "urn:task:7".to_owned(),
        Segment::TaskVerb(verb) => format!("urn:task:7:{verb}"),
        Segment::Config => "c-1".to_owned(),
    });
    texts.collect::<Vec<_>>().join("/")
}

fn method(verb: super::Verb) -> Method {
    match verb {
        super::Verb::Get => Method::GET,
        super::Verb::Post => Method::POST,
        super::Verb::Delete => Method::DELETE,
    }
}

#[test]
fn both_bindings_offer_every_operation() {
    let of_a2a = OperationName::ALL.into_iter().filter(|name| name.protocol() == Protocol::A2a);
    let all = of_a2a.filter(|name| *name != OperationName::Card);
    let all = all.collect::<HashSet<_>>();
    for version in [V1_0, V0_3] {
        let rows = RPC.iter().filter(|row| row.version == version);
        assert_eq!(rows.map(|row| row.name).collect::<HashSet<_>>(), all, "{version}");
    }
    assert_eq!(HTTP.iter().map(|row| row.name).collect::<HashSet<_>>(), all);
}

#[test]
fn every_row_classifies_as_itself_with_and_without_tenant() {
    for row in RPC {
        assert_eq!(rpc(row.method).unwrap().name, row.name, "{}", row.method);
    }
    for row in HTTP {
        let found = http(&method(row.verb), &path(row.path)).unwrap();
        assert_eq!((found.row.name, found.tenant), (row.name, None), "{:?}", row.path);
        let found = http(&method(row.verb), &format!("acme/{}", path(row.path))).unwrap();
        assert_eq!(
            (found.row.name, found.tenant),
            (row.name, Some("acme".into())),
            "{:?}",
            row.path
        );
        let task = row.path.iter().any(|s| matches!(s, Segment::Task | Segment::TaskVerb(_)));
        assert_eq!(found.task, task.then(|| "urn:task:7".to_owned()), "{:?}", row.path);
    }
}

#[test]
fn methods_are_compared_exactly() {
    for near in ["sendMessage", "SendMessage ", "Send_Message", "message/Send", "", "SENDMESSAGE"] {
        assert!(rpc(near).is_none(), "{near}");
    }
}

#[test]
fn both_verbs_of_subscribe_are_subscribe() {
    for method in [Method::GET, Method::POST] {
        assert_eq!(name(&method, "tasks/a:subscribe"), Some(OperationName::Subscribe));
    }
}

#[test]
fn a_row_under_another_verb_is_nothing() {
    for (method, path) in [
        (Method::GET, "message:send"),
        (Method::PUT, "tasks/a"),
        (Method::DELETE, "tasks/a"),
        (Method::GET, "tasks/a:cancel"),
        (Method::HEAD, "tasks"),
        (Method::OPTIONS, "message:send"),
        (Method::POST, "tasks/a"),
        (Method::POST, "tasks/a:delete"),
    ] {
        assert_eq!(name(&method, path), None, "{method} {path}");
    }
}

#[test]
fn paths_outside_the_table_are_nothing() {
    for path in [
        "",
        "tasks/",
        "/tasks",
        "tasks//",
        "a/b/tasks",
        "Tasks",
        "tasks/a/subscribe",
        "tasks/:subscribe",
        "tasks/a/pushNotificationConfigs/",
        "v1/card",
        "message:send",
        "extendedAgentCard/x",
    ] {
        assert_eq!(name(&Method::GET, path), None, "{path}");
    }
}

#[test]
fn readings_that_differ_are_refused() {
    for path in [
        // A task called `tasks`, or every task of the tenant `tasks`.
        "tasks/tasks",
        "tasks/extendedAgentCard",
        // A verb to those who decode, an id to those who do not.
        "tasks/a%3Asubscribe",
        "tasks/a:%73ubscribe",
        // The literal itself encoded.
        "t%61sks",
        "extendedAgent%43ard",
    ] {
        assert_eq!(name(&Method::GET, path), None, "{path}");
    }
    let encoded = http(&Method::GET, "tasks/urn%3Auuid%3A1").unwrap();
    assert_eq!(
        (encoded.row.name, encoded.task.as_deref()),
        (OperationName::Get, Some("urn:uuid:1"))
    );
}
