use proptest::prelude::*;
use proptest::test_runner::Config;

use super::{JsonScan, is_special, plain};
use crate::limits::JSON_DEPTH_MAX;
use crate::object::{Object, ObjectError};
use crate::operation::{Said, rpc};
use crate::scan::ScanError;

/// What a body says, fed in pieces of `step` bytes.
fn scanned(method: &str, body: &[u8], step: usize) -> Result<Said, ScanError> {
    let mut scan = JsonScan::new(rpc(method).unwrap().body, Said::default());
    for piece in body.chunks(step) {
        scan.feed(piece)?;
    }
    scan.end()?;
    Ok(scan.settle())
}

fn send(body: &str) -> Result<Said, ScanError> {
    scanned("SendMessage", body.as_bytes(), usize::MAX)
}

#[test]
fn ids_are_found_wherever_the_pieces_end() {
    let body = r#" {"x":[1,-0.5e+3,{"message":{"taskId":"no"}},"\"taskId\":\"no\"",null,true],
        "message" : {"parts":[{"text":"é\u00e9\ud83d\ude00\\"}],"task\u0049d":"t\u002d1","context_id":"c é",
        "referenceTaskIds":["r1","r2"],"metadata":{"taskId":"no"}},
        "configuration":{"taskPushNotificationConfig":{"url":"http://x/"}},"tenant":"acme"} "#;
    let expected = Said {
        tenant: Some("acme".into()),
        task: Some("t-1".into()),
        context: Some("c é".into()),
        references: vec!["r1".into(), "r2".into()],
        message: true,
        push: true,
        ..Said::default()
    };
    for step in 1..80 {
        let said = scanned("SendMessage", body.as_bytes(), step);
        assert_eq!(said.as_ref(), Ok(&expected), "{step}");
    }
}

#[test]
fn null_counts_as_absent() {
    let said = send(r#"{"message":{"taskId":null,"referenceTaskIds":null},"configuration":null}"#);
    assert_eq!(said, Ok(Said { message: true, ..Said::default() }));
    assert_eq!(send(r#"{"message":null}"#), Ok(Said::default()));
}

#[test]
fn doubled_members_are_refused_where_members_are_read() {
    for body in [
        r#"{"message":{"taskId":"a","taskId":"a"}}"#,
        r#"{"message":{"taskId":"a","task_id":"b"}}"#,
        r#"{"message":{"taskId":"a","TASKID":"b"}}"#,
        r#"{"message":{"taskId":"a","tas\u212aId":"b"}}"#,
        r#"{"message":{},"message":{}}"#,
        r#"{"message":{},"m\u0065ssage":{}}"#,
        r#"{"message":{"x":1,"X":2}}"#,
    ] {
        assert_eq!(send(body), Err(ScanError::Doubled), "{body}");
    }
    // The two names of one field of version 0.3.
    let both = br#"{"message":{"taskId":"a"},"request":{"taskId":"b"}}"#;
    assert_eq!(scanned("message/send", both, 7), Err(ScanError::Doubled));
}

#[test]
fn what_some_reader_takes_for_json_is_refused() {
    for body in [
        "",
        "{",
        "{}{}",
        "{} x",
        "{}\0",
        "\u{feff}{}",
        "{'message':{}}",
        "{message:{}}",
        "{/**/}",
        "{}//",
        r#"{"a":1,}"#,
        r#"{,"a":1}"#,
        r#"{"a" 1}"#,
        r#"{"a":01}"#,
        r#"{"a":+1}"#,
        r#"{"a":.5}"#,
        r#"{"a":1.}"#,
        r#"{"a":0x1}"#,
        r#"{"a":NaN}"#,
        r#"{"a":-}"#,
        r#"{"a":tru}"#,
        r#"{"a":trueX}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":[1}}"#,
        r#"{"a":"\x41"}"#,
        r#"{"a":"\u00g0"}"#,
        "{\"a\":\"\n\"}",
        "{\"a\":\"\t\"}",
        "{\"a\0\":1}",
    ] {
        assert_eq!(send(body), Err(ScanError::NotJson), "{body:?}");
    }
    let utf_16 = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    for body in
        [&utf_16[..], b"\xff\xfe{\0}\0", b"{\"a\":\"\xc0\xaf\"}", b"{\"a\":\"\xed\xa0\x80\"}"]
    {
        assert_eq!(scanned("SendMessage", body, 3), Err(ScanError::NotJson), "{body:?}");
    }
    for body in ["[]", "[{}]", "1", "null", "\"x\""] {
        assert_eq!(send(body), Err(ScanError::NotObject), "{body}");
    }
}

#[test]
fn fields_of_another_type_are_refused() {
    for body in [
        r#"{"message":"x"}"#,
        r#"{"message":[]}"#,
        r#"{"message":{"taskId":7}}"#,
        r#"{"message":{"taskId":["a"]}}"#,
        r#"{"message":{"taskId":true}}"#,
        r#"{"message":{"referenceTaskIds":"a"}}"#,
        r#"{"message":{"referenceTaskIds":[["a"]]}}"#,
        r#"{"configuration":1,"message":{}}"#,
    ] {
        assert_eq!(send(body), Err(ScanError::Fields), "{body}");
    }
}

#[test]
fn a_nul_in_a_name_does_not_end_it() {
    let said = send(r#"{"message":{"taskId\u0000":"a"}}"#).unwrap();
    assert_eq!(said.task, None);
}

#[test]
fn what_comes_after_the_decision_is_too_late() {
    let after = |head: &str, rest: &str| {
        let mut scan = JsonScan::new(rpc("SendMessage").unwrap().body, Said::default());
        scan.feed(head.as_bytes()).unwrap();
        scan.settle();
        scan.feed(rest.as_bytes()).and_then(|()| scan.end())
    };
    assert_eq!(after(r#"{"message":{"parts":["#, r#""taskId"],"x":{"taskId":"a"}}}"#), Ok(()));
    assert_eq!(after(r#"{"metadata":"#, r#"{"taskId":"a"},"message":{"parts":[]}}"#), Ok(()));
    for (head, rest) in [
        (r#"{"message":{"parts":["#, r#"],"taskId":"a"}}"#),
        (r#"{"message":{"parts":["#, r#"],"context_id":"a"}}"#),
        (r#"{"message":{"task"#, r#"Id":"a"}}"#),
        (r#"{"message":{"taskId":"#, r#""a"}}"#),
        (r#"{"message":{"taskId":"a"#, r#"b"}}"#),
        (r#"{"message":{"referenceTaskIds":["a""#, r#","b"]}}"#),
        (r#"{"metadata":1,"#, r#""message":{"taskId":"a"}}"#),
        (r#"{"message":{}"#, r#","tenant":"a"}"#),
        (r#"{"message":{}"#, r#","configuration":{"taskPushNotificationConfig":{}}}"#),
    ] {
        assert_eq!(after(head, rest), Err(ScanError::Late), "{head} {rest}");
    }
    let doubled = after(r#"{"message":{"taskId":"a","#, r#""taskId":"a"}}"#);
    assert_eq!(doubled, Err(ScanError::Doubled));
}

#[test]
fn nothing_that_is_remembered_grows_without_end() {
    let nested = |levels: usize| format!("{{\"a\":{}1{}}}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(send(&nested(JSON_DEPTH_MAX - 1)), Ok(Said::default()));
    assert_eq!(send(&nested(JSON_DEPTH_MAX)), Err(ScanError::TooDeep));
    let many = |count: usize| {
        let members = (0..count).map(|at| format!("\"{at}\":0")).collect::<Vec<_>>();
        format!("{{{}}}", members.join(","))
    };
    assert!(send(&many(1024)).is_ok());
    assert_eq!(send(&many(1025)), Err(ScanError::TooMany));
    assert_eq!(send(&format!("{{\"{}\":0}}", "x".repeat(2000))), Err(ScanError::TooMany));
    // Where no members are read, there may be any number of any length.
    assert!(send(&format!("{{\"a\":{}}}", many(5000))).is_ok());
}

/// JSON as somebody might write it, well formed or nearly.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("-1.5e+02".to_owned()),
        Just("false".to_owned()),
        Just("\"\\u00e9\\/\\ud83d\\ude00\"".to_owned()),
        Just("\"t\"".to_owned()),
        "[ -~é]{0,6}".prop_map(|text| format!("\"{}\"", text.replace(['"', '\\'], "x"))),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let name = prop::sample::select(vec![
            "message",
            "taskId",
            "task_id",
            "contextId",
            "tenant",
            "a",
            "b",
        ]);
        let members = prop::collection::vec((name, inner.clone()), 0..4);
        let object = members.prop_map(|members| {
            let members = members.iter().map(|(name, value)| format!("\"{name}\" :{value}"));
            format!("{{{}}}", members.collect::<Vec<_>>().join(" ,"))
        });
        let list =
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(",")));
        prop_oneof![3 => object, 1 => list]
    })
}

/// What the reader of whole bodies finds.
fn by_object(body: &[u8]) -> Result<Option<String>, ObjectError> {
    let object = Object::parse(body)?;
    let Some(message) = object.get("message") else { return Ok(None) };
    Object::read(message)?.text("taskId")
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(2000) })]

    #[test]
    fn both_readers_of_json_find_the_same(body in json(), cut in any::<prop::sample::Index>()) {
        for body in [&body[..], body.get(..cut.index(body.len())).unwrap_or_default()] {
            let whole = scanned("SendMessage", body.as_bytes(), usize::MAX);
            prop_assert_eq!(&whole, &scanned("SendMessage", body.as_bytes(), 1));
            match (by_object(body.as_bytes()), whole) {
                (Ok(task), Ok(said)) => {
                    prop_assert_eq!(task.filter(|task| !task.is_empty()), said.task);
                }
                (Err(ObjectError::NotJson), Ok(_)) => prop_assert!(false, "only one refuses {body}"),
                (Err(ObjectError::Doubled), Ok(_)) => prop_assert!(false, "only one refuses {body}"),
                (_, Err(_)) | (Err(_), Ok(_)) => {}
            }
            if Object::parse(body.as_bytes()).err() == Some(ObjectError::NotJson) {
                prop_assert!(scanned("SendMessage", body.as_bytes(), 3).is_err());
            }
        }
    }
}

#[test]
fn what_means_something_inside_a_text_is_found_at_every_place_among_anything() {
    for (filler, byte) in
        [b' ', b'a', 0x7f].into_iter().flat_map(|it| (0..=u8::MAX).map(move |b| (it, b)))
    {
        for at in 0..24 {
            let mut text = [filler; 24];
            text[at] = byte;
            let expected = if is_special(byte) { at } else { text.len() };
            assert_eq!(plain(&text), expected, "{byte:#x} at {at} among {filler:#x}");
        }
    }
}
