//! `cloister channels`: asked of an operator port.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use serde_json::json;

use crate::program::{Run, cloister};

/// Something that answers one question with this status and body.
fn operator(status: &'static str, body: String) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut question = Vec::new();
        while !question.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            question.push(byte[0]);
        }
        assert!(question.starts_with(b"GET /v1/channels HTTP/1.1\r\n"));
        let length = body.len();
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
    });
    address
}

fn channels(at: SocketAddr, more: &[&str]) -> Run {
    let address = at.to_string();
    cloister(["channels", "--operator", &address].iter().chain(more))
}

fn one() -> String {
    json!([{
        "direction": "outbound", "agent": "translator", "instance": "0011223344556677",
        "image": "translator", "version": "1.4.0", "tee": "snp", "tier": "affirming",
        "simulated": false, "group": "X25519MLKEM768", "opened_at": 1, "lease_ends_at": 2,
    }])
    .to_string()
}

#[test]
fn shows_the_open_channels_and_their_key_exchange() {
    let run = channels(operator("200 OK", one()), &[]);
    assert_eq!(run.exit, 0, "{}", run.stdout);
    let row: Vec<&str> = run.stdout.lines().nth(1).unwrap().split_whitespace().collect();
    let expected =
        ["to", "translator", "00112233", "affirming", "X25519MLKEM768", "1970-01-01T00:00:02Z"];
    assert_eq!(row, expected);
    let told = channels(operator("200 OK", one()), &["--json"]).json();
    assert_eq!(told["channels"][0]["group"], "X25519MLKEM768");
    assert_eq!(told["channels"][0]["version"], "1.4.0", "everything that the runtime said");
}

#[test]
fn a_runtime_that_does_not_answer_is_no_conclusion() {
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    for (address, code) in [
        (nobody, "cli.channels.unreachable"),
        (operator("404 Not Found", String::new()), "cli.channels.answer"),
        (operator("200 OK", "ok".to_owned()), "cli.channels.answer"),
    ] {
        let run = channels(address, &["--json"]);
        assert_eq!((run.exit, &run.json()["error"]["id"]), (3, &code.into()));
    }
}

#[test]
fn only_this_machine_is_asked() {
    for address in ["192.0.2.1:4601", "localhost:4601", "127.0.0.1"] {
        assert_eq!(cloister(["channels", "--operator", address]).exit, 1, "{address}");
    }
}
