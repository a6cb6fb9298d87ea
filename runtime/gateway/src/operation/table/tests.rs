use std::collections::HashSet;

use cloister_policy::{OperationName, Protocol};
use http::Method;

use super::super::path::{HttpMatch, Segment, Verb, http};
use super::{Row, SERVICES, TABLE, V0_3, V1_0, grpc, rpc};

/// What `method path` classifies as in version 1.0.
fn name(method: &Method, path: &str) -> Option<OperationName> {
    http(method, path, V1_0).map(|found| found.row.name)
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

fn method(verb: Verb) -> Method {
    match verb {
        Verb::Get => Method::GET,
        Verb::Post => Method::POST,
        Verb::Delete => Method::DELETE,
    }
}

/// Every method and path of the table, with its row.
fn paths() -> impl Iterator<Item = (&'static Row, Method, &'static [Segment])> {
    TABLE.iter().flat_map(|row| {
        row.paths.iter().map(move |(verb, segments)| (row, method(*verb), *segments))
    })
}

#[test]
fn both_versions_have_every_operation_in_every_binding_that_has_it() {
    let of_a2a = OperationName::ALL.into_iter().filter(|name| name.protocol() == Protocol::A2a);
    // The card is at a place of its own, and deliveries go between runtimes.
    let outside = [OperationName::Card, OperationName::PushDeliver];
    let all = of_a2a.filter(|name| !outside.contains(name)).collect::<HashSet<_>>();
    assert_eq!(all.len(), 11);
    for version in [V1_0, V0_3] {
        let rows = TABLE.iter().filter(|row| row.version == version).collect::<Vec<_>>();
        assert_eq!(rows.len(), all.len(), "{version}");
        assert_eq!(rows.iter().map(|row| row.name).collect::<HashSet<_>>(), all, "{version}");
        for row in rows {
            assert!(!row.method.is_empty() && !row.paths.is_empty(), "{row:?}");
            // The protobuf definition of version 0.3 has no list of tasks.
            let has_grpc = version == V1_0 || row.name != OperationName::List;
            assert_eq!(row.grpc.is_some(), has_grpc, "{row:?}");
        }
    }
}

#[test]
fn every_method_classifies_as_its_row() {
    for row in TABLE {
        let found = rpc(row.method).unwrap();
        assert_eq!((found.name, found.version), (row.name, row.version), "{}", row.method);
        let Some(method) = row.grpc else { continue };
        let (service, _) = SERVICES.iter().find(|(_, version)| *version == row.version).unwrap();
        let found = grpc(&format!("{service}{method}")).unwrap();
        assert_eq!((found.name, found.version), (row.name, row.version), "{service}{method}");
    }
}

#[test]
fn every_path_classifies_as_its_row_and_in_version_1_0_with_a_tenant() {
    for (row, method, segments) in paths() {
        let path = path(segments);
        let names_task = segments.iter().any(|s| matches!(s, Segment::Task | Segment::TaskVerb(_)));
        let names_config = segments.contains(&Segment::Config);
        let check = |found: HttpMatch, tenant: Option<&str>| {
            assert_eq!((found.row.name, found.row.version), (row.name, row.version), "{path}");
            assert_eq!(found.tenant.as_deref(), tenant, "{path}");
            assert_eq!(found.task, names_task.then(|| "urn:task:7".to_owned()), "{path}");
            assert_eq!(found.config, names_config.then(|| "c-1".to_owned()), "{path}");
        };
        check(http(&method, &path, row.version).unwrap(), None);
        let with_tenant = http(&method, &format!("acme/{path}"), row.version);
        if row.version == V1_0 {
            check(with_tenant.unwrap(), Some("acme"));
        } else {
            assert!(with_tenant.is_none(), "{path}");
        }
    }
}

#[test]
fn no_form_belongs_to_two_operations() {
    let methods = TABLE.iter().map(|row| row.method).collect::<HashSet<_>>();
    assert_eq!(methods.len(), TABLE.len());
    let forms = paths().map(|(row, method, segments)| (row.version, method, path(segments)));
    let distinct = forms.collect::<HashSet<_>>().len();
    assert_eq!(distinct, paths().count());
}

#[test]
fn methods_are_compared_exactly() {
    for near in ["sendMessage", "SendMessage ", "Send_Message", "message/Send", "", "SENDMESSAGE"] {
        assert!(rpc(near).is_none(), "{near}");
    }
    for near in [
        "/lf.a2a.v1.A2AService/sendMessage",
        "/lf.a2a.v1.A2AService/SendMessage/",
        "/lf.a2a.v1.A2AService/TaskSubscription",
        "/lf.a2a.v1.a2aservice/SendMessage",
        "/a2a.v1.A2AService/SubscribeToTask",
        "/a2a.v1.A2AService/ListTasks",
        "/a2a.v1.A2AService/GetExtendedAgentCard",
        "/x.a2a.v1.A2AService/SendMessage",
        "lf.a2a.v1.A2AService/SendMessage",
        "/lf.a2a.v1.A2AService/",
    ] {
        assert!(grpc(near).is_none(), "{near}");
    }
}

#[test]
fn every_form_of_subscribe_is_subscribe() {
    for method in [Method::GET, Method::POST] {
        for path in ["tasks/a:subscribe", "tasks/a/subscribe", "acme/tasks/a/subscribe"] {
            assert_eq!(name(&method, path), Some(OperationName::Subscribe), "{method} {path}");
        }
        let earlier = http(&method, "v1/tasks/a:subscribe", V0_3).unwrap();
        assert_eq!(earlier.row.name, OperationName::Subscribe);
    }
}

#[test]
fn a_path_under_another_verb_is_nothing() {
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
        "tasks/a/cancel",
        "tasks/:subscribe",
        "tasks/a/pushNotificationConfigs/",
        "v1/card",
        "message:send",
        "extendedAgentCard/x",
    ] {
        assert_eq!(name(&Method::GET, path), None, "{path}");
    }
    for path in ["tasks/a", "v1/extendedAgentCard", "acme/v1/card", "v2/card"] {
        assert!(http(&Method::GET, path, V0_3).is_none(), "{path}");
    }
}

#[test]
fn readings_that_differ_are_refused() {
    for path in [
        // A task called `tasks`, or every task of the tenant `tasks`.
        "tasks/tasks",
        "tasks/extendedAgentCard",
        // Two operations on two tasks, by whether there is a tenant.
        "tasks/tasks/subscribe",
        "tasks/tasks/pushNotificationConfigs",
        // A verb to those who decode, an id to those who do not.
        "tasks/a%3Asubscribe",
        "tasks/a:%73ubscribe",
        // The literal itself encoded.
        "t%61sks",
        "extendedAgent%43ard",
    ] {
        assert_eq!(name(&Method::GET, path), None, "{path}");
    }
    let encoded = http(&Method::GET, "tasks/urn%3Auuid%3A1", V1_0).unwrap();
    assert_eq!(
        (encoded.row.name, encoded.task.as_deref()),
        (OperationName::Get, Some("urn:uuid:1"))
    );
}
