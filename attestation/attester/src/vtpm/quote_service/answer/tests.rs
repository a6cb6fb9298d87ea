use super::{QuoteServiceAnswer, QuoteServiceError};
use crate::limits::QUOTE_SERVICE_BYTES_MAX;

const BODY: &str = r#"{"quote":"BwgJ_-8"}"#;
const QUOTE: [u8; 5] = [7, 8, 9, 0xff, 0xef];

fn answer(fields: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{fields}\r\n{body}").into_bytes()
}

fn sized(body: &str) -> Vec<u8> {
    answer(&format!("Content-Length: {}\r\n", body.len()), body)
}

fn chunked(body: &str) -> Vec<u8> {
    let (first, second) = body.split_at(6);
    let chunks = format!("6\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", second.len());
    answer("Transfer-Encoding: chunked\r\n", &chunks)
}

fn malformed(bytes: &[u8]) -> bool {
    matches!(QuoteServiceAnswer::parse(bytes), Err(QuoteServiceError::Malformed { .. }))
}

#[test]
fn a_quote_is_read_however_its_end_is_told() {
    for bytes in [sized(BODY), chunked(BODY), answer("", BODY), sized(r#"{"quote":"BwgJ_-8="}"#)] {
        assert_eq!(QuoteServiceAnswer::parse(&bytes).unwrap().quote, QUOTE);
    }
}

#[test]
fn every_cut_answer_is_refused() {
    for whole in [sized(BODY), chunked(BODY), answer("", BODY)] {
        for length in 0..whole.len() {
            assert!(malformed(&whole[..length]), "{length} of {}", whole.len());
        }
    }
}

#[test]
fn bytes_behind_the_end_are_refused() {
    for whole in [sized(BODY), chunked(BODY), answer("", BODY)] {
        assert!(malformed(&[whole.as_slice(), b"x"].concat()));
    }
}

#[test]
fn an_end_that_is_told_twice_or_in_another_way_is_refused() {
    for fields in [
        "Content-Length: 19\r\nContent-Length: 19\r\n",
        "Content-Length: 19\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Content-Length: +19\r\n",
        "Content-Length: \r\n",
    ] {
        assert!(malformed(&answer(fields, BODY)), "{fields}");
    }
}

#[test]
fn another_status_is_said() {
    let refused = b"HTTP/1.1 429 Too Many Requests\r\n\r\n";
    let error = QuoteServiceAnswer::parse(refused).unwrap_err();
    assert!(matches!(error, QuoteServiceError::Status { status: 429 }), "{error}");
}

#[test]
fn another_document_is_refused() {
    for body in
        ["", "{}", r#"{"quote":7}"#, r#"{"quote":"BwgJ+/8"}"#, r#"{"quote":"a","quote":"a"}"#]
    {
        assert!(malformed(&sized(body)), "{body}");
    }
    let long = format!(r#"{{"quote":"{}"}}"#, "A".repeat(24 * 1024));
    assert!(malformed(&sized(&long)));
    assert!(malformed(&vec![b' '; QUOTE_SERVICE_BYTES_MAX + 1]));
}
