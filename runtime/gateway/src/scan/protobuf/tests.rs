use proptest::prelude::*;
use proptest::test_runner::Config;

use super::ProtobufScan;
use crate::operation::{Said, grpc};
use crate::scan::ScanError;

const SEND: &str = "/lf.a2a.v1.A2AService/SendMessage";
const GET: &str = "/lf.a2a.v1.A2AService/GetTask";
const GET_0_3: &str = "/a2a.v1.A2AService/GetTask";

fn framed(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0], &length[..], message].concat()
}

fn read(path: &str, body: &[u8], step: usize) -> Result<Said, ScanError> {
    let mut scan = ProtobufScan::new(grpc(path).unwrap().fields);
    for piece in body.chunks(step) {
        scan.feed(piece)?;
    }
    if scan.is_complete() { Ok(scan.settle()) } else { Err(ScanError::NotProtobuf) }
}

fn message(path: &str, message: &[u8]) -> Result<Said, ScanError> {
    read(path, &framed(message), usize::MAX)
}

/// A field of bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[(number << 3) | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
}

#[test]
fn ids_are_found_wherever_the_pieces_end() {
    let inner = [
        field(1, b"m"),
        field(2, b"c"),
        field(3, b"t"),
        field(5, &field(1, "é".as_bytes())),
        field(8, b"r1"),
        field(8, b"r2"),
    ];
    let configuration = field(2, &field(4, b"http://x/"));
    let unread = [vec![0x78, 0xac, 0x02], vec![0x79; 9], vec![0x7d, 1, 2, 3, 4]].concat();
    let body = [field(1, b"acme"), unread, field(2, &inner.concat()), field(3, &configuration)];
    let body = framed(&body.concat());
    let expected = Said {
        tenant: Some("acme".into()),
        task: Some("t".into()),
        context: Some("c".into()),
        references: vec!["r1".into(), "r2".into()],
        message: true,
        push: true,
        ..Said::default()
    };
    for step in 1..=body.len() {
        assert_eq!(read(SEND, &body, step).as_ref(), Ok(&expected), "{step}");
    }
}

#[test]
fn an_empty_message_says_nothing() {
    assert_eq!(message(GET, b""), Ok(Said::default()));
    assert_eq!(message(GET, &field(2, b"")), Ok(Said::default()));
    assert_eq!(message(SEND, &field(2, b"")), Ok(Said { message: true, ..Said::default() }));
}

#[test]
fn a_field_that_comes_twice_is_refused() {
    let twice = [field(2, b"a"), field(2, b"a")].concat();
    assert_eq!(message(GET, &twice), Err(ScanError::Doubled));
    // Protobuf merges these, so that the task is `b` to a server.
    let merged = [field(2, &field(3, b"a")), field(2, &field(3, b"b"))].concat();
    assert_eq!(message(SEND, &merged), Err(ScanError::Doubled));
}

#[test]
fn a_field_of_another_type_is_refused() {
    for wrong in [&[0x10, 1][..], &[0x11, 0, 0, 0, 0, 0, 0, 0, 0], &[0x15, 0, 0, 0, 0]] {
        assert_eq!(message(GET, wrong), Err(ScanError::Fields), "{wrong:?}");
    }
}

#[test]
fn what_no_official_encoder_writes_is_refused() {
    for body in [
        // A group, its end, and types that do not exist.
        &[0x23][..],
        &[0x24],
        &[0x26],
        &[0x27],
        // Field 0, and numbers that are too large.
        &[0x02, 0],
        &[0xfa, 0xff, 0xff, 0xff, 0x1f, 0],
        // A tag and a length that are padded with zeros.
        &[0x92, 0x00, 1, b'a'],
        &[0x12, 0x81, 0x00, b'a'],
        // A number that does not end.
        &[0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        &[0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
        // Longer than the message, cut short, and no text.
        &[0x12, 5, b'a'],
        &[0x12],
        &[0x18],
        &[0x19, 1, 2],
        &[0x12, 1, 0xff],
    ] {
        assert_eq!(message(GET, body), Err(ScanError::NotProtobuf), "{body:?}");
    }
    // A message inside that claims more than the one around it has.
    assert_eq!(message(SEND, &[0x12, 3, 0x1a, 2, b'a']), Err(ScanError::NotProtobuf));
    assert_eq!(message(SEND, &[0x12, 2, 0x1a, 2, b'a', b'b']), Err(ScanError::NotProtobuf));
}

#[test]
fn one_uncompressed_frame_is_the_whole_body() {
    let body = framed(&field(2, b"t"));
    assert!(read(GET, &body, 1).is_ok());
    let two = [body.clone(), body.clone()].concat();
    assert_eq!(read(GET, &two, 3), Err(ScanError::Messages));
    assert_eq!(read(GET, &[&body[..], &[0]].concat(), 64), Err(ScanError::Messages));
    let compressed = [&[1], &body[1..]].concat();
    assert_eq!(read(GET, &compressed, 64), Err(ScanError::Compressed));
    let other = [&[2], &body[1..]].concat();
    assert_eq!(read(GET, &other, 64), Err(ScanError::NotProtobuf));
    for cut in 0..body.len() {
        assert_eq!(read(GET, &body[..cut], 64), Err(ScanError::NotProtobuf), "{cut}");
    }
}

#[test]
fn resource_names_of_version_0_3_are_taken_apart() {
    assert_eq!(message(GET_0_3, &field(1, b"tasks/t")).unwrap().task.as_deref(), Some("t"));
    for name in [&b"t"[..], b"tasks/t/x", b"tasks/", b"/tasks/t"] {
        assert_eq!(message(GET_0_3, &field(1, name)), Err(ScanError::Contradiction), "{name:?}");
    }
}

#[test]
fn what_comes_after_the_decision_is_too_late() {
    let body = framed(&field(2, &[field(5, b"part"), field(3, b"t")].concat()));
    for cut in 0..body.len() {
        let mut scan = ProtobufScan::new(grpc(SEND).unwrap().fields);
        scan.feed(&body[..cut]).unwrap();
        let said = scan.settle();
        assert_eq!(said.task, None, "{cut}");
        assert_eq!(scan.feed(&body[cut..]), Err(ScanError::Late), "{cut}");
    }
    let push = framed(&[field(2, b""), field(3, &field(2, b""))].concat());
    let mut scan = ProtobufScan::new(grpc(SEND).unwrap().fields);
    scan.feed(&push[..7]).unwrap();
    assert!(scan.settle().message);
    assert_eq!(scan.feed(&push[7..]), Err(ScanError::Late));
    // What is not read may come at any time.
    let mut scan = ProtobufScan::new(grpc(SEND).unwrap().fields);
    let large = framed(&field(2, &[field(3, b"t"), field(5, b"part")].concat()));
    scan.feed(&large[..10]).unwrap();
    assert_eq!(scan.settle().task.as_deref(), Some("t"));
    assert_eq!(scan.feed(&large[10..]), Ok(()));
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(2000) })]

    #[test]
    fn no_bytes_are_read_differently_in_pieces(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0_u8..0x20], 0..64),
        step in 1_usize..9,
    ) {
        let body = framed(&bytes);
        for path in [SEND, GET, GET_0_3] {
            prop_assert_eq!(read(path, &body, usize::MAX), read(path, &body, step));
        }
    }
}
