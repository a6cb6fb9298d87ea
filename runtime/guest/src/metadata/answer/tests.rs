use proptest::prelude::*;

use super::{Answer, HEAD_BYTES_MAX, Malformed, TOO_LONG};

const MOST: u64 = 64;

fn whole(text: &str) -> Result<Option<Answer>, Malformed> {
    Answer::parse(text.as_bytes(), true, MOST)
}

fn body(text: &str) -> String {
    String::from_utf8(whole(text).unwrap().unwrap().body).unwrap()
}

#[test]
fn the_body_ends_where_its_length_its_chunks_or_the_connection_does() {
    assert_eq!(body("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), "ok");
    assert_eq!(body("HTTP/1.0 200 OK\r\n\r\nok"), "ok");
    let chunked =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n";
    assert_eq!(body(chunked), "ok");
}

#[test]
fn an_answer_is_whole_at_its_last_byte_and_not_before() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ] {
        for length in 0..text.len() {
            let part = &text.as_bytes()[..length];
            assert_eq!(Answer::parse(part, false, MOST), Ok(None), "{length}");
            Answer::parse(part, true, MOST).unwrap_err();
        }
        let answer = Answer::parse(text.as_bytes(), false, MOST).unwrap().unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"ok"[..]));
    }
    // Only the other side knows when this one is whole.
    assert_eq!(Answer::parse(b"HTTP/1.1 200 OK\r\n\r\nok", false, MOST), Ok(None));
}

#[test]
fn a_length_that_is_not_one_is_refused() {
    for fields in [
        "Content-Length: 3",
        "Content-Length: 1",
        "Content-Length: +2",
        "Content-Length: -2",
        "Content-Length: 2, 2",
        "Content-Length: 99999999999999999999",
        "Content-Length: 2\r\nContent-Length: 2",
        "Content-Length: 2\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ] {
        whole(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\nok")).expect_err(fields);
    }
    for chunks in
        ["2\r\nok0\r\n\r\n", "3\r\nok\r\n0\r\n\r\n", "g\r\nok\r\n", "0\r\n\r\nok", "2\r\nok\r\n"]
    {
        let text = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
        whole(&text).expect_err(chunks);
    }
}

#[test]
fn a_body_is_as_long_as_it_may_be_and_no_longer() {
    for (length, fits) in [(64, true), (65, false)] {
        let text = "x".repeat(length);
        for head in [format!("Content-Length: {length}"), "Server: x".to_owned()] {
            let answer = whole(&format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{text}"));
            assert_eq!(answer.is_ok(), fits, "{length} {head}");
        }
        let chunks = format!("{length:x}\r\n{text}\r\n0\r\n\r\n");
        let answer =
            whole(&format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"));
        assert_eq!(answer.is_ok(), fits, "{length}");
    }
    // Known before a byte of it came.
    let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n";
    assert_eq!(Answer::parse(announced, false, MOST), Err(TOO_LONG));
}

#[test]
fn a_header_is_bounded_in_bytes_and_in_fields() {
    let start = "HTTP/1.1 200 OK\r\n";
    let padded = |length: usize| format!("{start}a: {}\r\n\r\n", "x".repeat(length));
    let room = HEAD_BYTES_MAX - padded(0).len();
    assert!(whole(&padded(room)).is_ok());
    assert_eq!(whole(&padded(room + 1)), Err(TOO_LONG));
    let unended = vec![b'x'; HEAD_BYTES_MAX];
    let unended = [start.as_bytes(), b"a: ", &unended].concat();
    assert_eq!(Answer::parse(&unended, false, MOST), Err(TOO_LONG));
    assert!(whole(&format!("{start}{}\r\n", "a: b\r\n".repeat(64))).is_ok());
    assert!(whole(&format!("{start}{}\r\n", "a: b\r\n".repeat(65))).is_err());
}

#[test]
fn a_field_is_found_by_its_name_if_it_is_there_once() {
    let answer = whole("HTTP/1.1 200 OK\r\nmetadata-flavor: Google\r\nA: 1\r\na: 1\r\n\r\n");
    let answer = answer.unwrap().unwrap();
    assert_eq!(answer.field("Metadata-Flavor"), Some(&b"Google"[..]));
    assert_eq!((answer.field("a"), answer.field("b")), (None, None));
}

proptest! {
    #[test]
    fn whatever_comes_has_an_answer(rest in proptest::collection::vec(any::<u8>(), 0..300), closed: bool) {
        let _ = Answer::parse(&rest, closed, MOST);
        for head in ["", "Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n"] {
            let head = format!("HTTP/1.1 200 OK\r\n{head}\r\n");
            let parsed = Answer::parse(&[head.as_bytes(), &rest].concat(), closed, MOST);
            if let Ok(answer) = parsed {
                prop_assert!(answer.is_none_or(|answer| answer.body.len() <= 64));
            }
        }
    }
}
