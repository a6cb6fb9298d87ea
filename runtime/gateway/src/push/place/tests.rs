use bytes::Bytes;
use cloister_policy::{Binding, OperationName};

use super::{Config, PushError, in_answer, in_request};
use crate::frame::framed;
use crate::operation::{Operation, V0_3, V1_0};

const OLD: &str = "http://old/";
const NEW: &str = "http://new/";

fn operation(binding: Binding, version: &'static str, name: OperationName) -> Operation {
    Operation::new(binding, version, name)
}

fn leading(config: &Config) -> Result<Option<Config>, PushError> {
    assert_eq!(config.url, OLD);
    Ok(Some(config.leading_to(NEW.to_owned())))
}

fn request(operation: &Operation, body: &str) -> Result<String, PushError> {
    let replaced = in_request(operation, body.as_bytes(), &mut leading)?;
    Ok(String::from_utf8(replaced.to_vec()).unwrap())
}

#[test]
fn a_request_is_replaced_where_each_version_and_binding_has_it_and_nowhere_else() {
    use OperationName::{PushCreate, Send, Stream};
    for (binding, version, name, body) in [
        (
            Binding::JsonRpc,
            V1_0,
            Send,
            r#"{"id":1,"params":{"message":{"x":1.0},"configuration":{"a":true,"taskPushNotificationConfig":{"url":"URL"SECRETS}}}}"#,
        ),
        (
            Binding::JsonRpc,
            V1_0,
            Stream,
            r#"{"params":{"configuration":{"task_push_notification_config":{"id":"c","url":"URL"SECRETS}}}}"#,
        ),
        (
            Binding::JsonRpc,
            V0_3,
            Send,
            r#"{"params":{"configuration":{"pushNotificationConfig":{"url":"URL"SECRETS}}}}"#,
        ),
        (
            Binding::HttpJson,
            V1_0,
            Send,
            r#"{"configuration":{"taskPushNotificationConfig":{"url":"URL"SECRETS}},"message":{}}"#,
        ),
        (
            Binding::HttpJson,
            V0_3,
            Send,
            r#"{"configuration":{"pushNotification":{"url":"URL"SECRETS}}}"#,
        ),
        (Binding::JsonRpc, V1_0, PushCreate, r#"{"params":{"taskId":"t","url":"URL"SECRETS}}"#),
        (Binding::HttpJson, V1_0, PushCreate, r#"{"taskId":"t","url":"URL"SECRETS}"#),
        (
            Binding::JsonRpc,
            V0_3,
            PushCreate,
            r#"{"params":{"taskId":"t","pushNotificationConfig":{"url":"URL"SECRETS}}}"#,
        ),
        (
            Binding::HttpJson,
            V0_3,
            PushCreate,
            r#"{"config":{"name":"n","pushNotificationConfig":{"url":"URL"SECRETS}}}"#,
        ),
        (
            Binding::HttpJson,
            V0_3,
            PushCreate,
            r#"{"name":"n","pushNotificationConfig":{"url":"URL"SECRETS}}"#,
        ),
    ] {
        let secrets = r#","token":"s3cret","authentication":{"credentials":"s3cret"}"#;
        let given = body.replace("URL", OLD).replace("SECRETS", secrets);
        let expected = body.replace("URL", NEW).replace("SECRETS", "");
        let operation = operation(binding, version, name);
        assert_eq!(request(&operation, &given), Ok(expected), "{body}");
    }
}

#[test]
fn two_configurations_or_none_or_one_with_two_readings_are_refused() {
    let send = operation(Binding::HttpJson, V1_0, OperationName::Send);
    for body in [
        r#"{"message":{}}"#,
        r#"{"configuration":{}}"#,
        r#"{"configuration":{"taskPushNotificationConfig":{}}}"#,
        r#"{"configuration":{"taskPushNotificationConfig":{"url":"http://old/"},"pushNotificationConfig":{"url":"http://old/"}}}"#,
        r#"{"configuration":{"taskPushNotificationConfig":{"url":"http://old/","URL":"http://other/"}}}"#,
        r#"{"configuration":{"taskPushNotificationConfig":["http://old/"]}}"#,
    ] {
        assert!(matches!(request(&send, body), Err(PushError::Config(_))), "{body}");
    }
    let create = operation(Binding::HttpJson, V0_3, OperationName::PushCreate);
    let twice = r#"{"config":{"pushNotificationConfig":{"url":"http://old/"}},"pushNotificationConfig":{"url":"http://old/"}}"#;
    assert!(request(&create, twice).is_err());
}

/// A field of bytes below 128.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
}

/// A configuration of each version, with and without what is secret.
fn messages(version: &str, url: &str, with_secrets: bool) -> Vec<u8> {
    let (url_at, token, authentication) = if version == V0_3 { (2, 3, 4) } else { (4, 5, 6) };
    let secrets = [field(token, b"s3cret"), field(authentication, &field(1, b"s3cret"))].concat();
    let secrets = if with_secrets { secrets } else { Vec::new() };
    [field(15, b"kept"), field(url_at, url.as_bytes()), secrets].concat()
}

#[test]
fn protobuf_is_replaced_at_the_same_places() {
    use OperationName::{PushCreate, PushList, Send};
    for (version, name, path) in [
        (V1_0, Send, &[3, 2][..]),
        (V0_3, Send, &[2, 2]),
        (V1_0, PushCreate, &[]),
        (V0_3, PushCreate, &[3, 2]),
    ] {
        let wrapped = |leaf: Vec<u8>| {
            let outer =
                |inner: Vec<u8>, number: &u8| [field(14, b"x"), field(*number, &inner)].concat();
            framed(&path.iter().rev().fold(leaf, outer)).unwrap()
        };
        let operation = operation(Binding::Grpc, version, name);
        let given = wrapped(messages(version, OLD, true));
        let replaced = in_request(&operation, &given, &mut leading).unwrap();
        assert_eq!(replaced, wrapped(messages(version, NEW, false)), "{version} {name}");
        assert!(in_request(&operation, &given[1..], &mut leading).is_err());
        let twice = Bytes::from([&given[5..], &given[5..]].concat());
        assert!(in_request(&operation, &framed(&twice).unwrap(), &mut leading).is_err());
    }
    for version in [V1_0, V0_3] {
        let item = |url| {
            let leaf = messages(version, url, false);
            field(1, &if version == V0_3 { field(2, &leaf) } else { leaf })
        };
        let operation = operation(Binding::Grpc, version, PushList);
        let list = framed(&[item(OLD), item("http://other/"), field(2, b"next")].concat()).unwrap();
        let mut own =
            |config: &Config| Ok((config.url == OLD).then(|| config.leading_to(NEW.into())));
        let shown = in_answer(&operation, &list, &mut own).unwrap();
        assert_eq!(shown, framed(&[item(NEW), field(2, b"next")].concat()).unwrap(), "{version}");
    }
}

#[test]
fn an_answer_shows_its_callers_configurations_alone() {
    use OperationName::{PushCreate, PushGet, PushList};
    let mut own = |config: &Config| Ok((config.url == OLD).then(|| config.leading_to(NEW.into())));
    let mut show = |binding, version, name, body: &str| {
        let body = body.replace("URL", OLD);
        let shown = in_answer(&operation(binding, version, name), body.as_bytes(), &mut own)?;
        Ok::<_, PushError>(String::from_utf8(shown.to_vec()).unwrap().replace(NEW, "URL"))
    };
    for (binding, version, name, body) in [
        (Binding::JsonRpc, V1_0, PushCreate, r#"{"id":1,"result":{"id":"c","url":"URL"}}"#),
        (Binding::HttpJson, V1_0, PushGet, r#"{"id":"c","url":"URL"}"#),
        (
            Binding::JsonRpc,
            V0_3,
            PushGet,
            r#"{"result":{"taskId":"t","pushNotificationConfig":{"url":"URL"}}}"#,
        ),
        (
            Binding::HttpJson,
            V0_3,
            PushCreate,
            r#"{"name":"n","pushNotificationConfig":{"url":"URL"}}"#,
        ),
        (Binding::JsonRpc, V1_0, PushGet, r#"{"id":1,"error":{"code":-32003}}"#),
    ] {
        assert_eq!(show(binding, version, name, body).as_deref(), Ok(body));
        let foreign = body.replace("URL", "http://other/");
        let is_error = body.contains("error");
        assert_eq!(show(binding, version, name, &foreign).is_ok(), is_error, "{body}");
    }
    for (binding, version, list, empty) in [
        (
            Binding::JsonRpc,
            V1_0,
            r#"{"result":{"configs":[{"url":"URL"},{"url":"http://other/"}],"nextPageToken":""}}"#,
            r#"{"result":{"configs":[{"url":"URL"}],"nextPageToken":""}}"#,
        ),
        (Binding::HttpJson, V1_0, r#"{"configs":[{"url":"http://other/"}]}"#, r#"{"configs":[]}"#),
        (Binding::HttpJson, V1_0, "{}", "{}"),
        (
            Binding::JsonRpc,
            V0_3,
            r#"{"result":[{"pushNotificationConfig":{"url":"URL"}},{"pushNotificationConfig":{"url":"http://other/"}},{}]}"#,
            r#"{"result":[{"pushNotificationConfig":{"url":"URL"}}]}"#,
        ),
        (
            Binding::HttpJson,
            V0_3,
            r#"{"configs":[{"pushNotificationConfig":{"url":"URL"}}]}"#,
            r#"{"configs":[{"pushNotificationConfig":{"url":"URL"}}]}"#,
        ),
    ] {
        assert_eq!(show(binding, version, PushList, list).as_deref(), Ok(empty), "{list}");
    }
    assert!(show(Binding::HttpJson, V1_0, PushList, "no").is_err());
}
