//! What a guest is told before it has a node.toml: by its network, and by a cloud.

use cloister_guest::dhcp::{self, Kind, Message, Op, Options, Route};
use cloister_guest::metadata::Answer;

use super::{QUICK, outcome, twice};
use crate::{Outcome, Target};

pub(super) const DHCP: Target = Target {
    name: "dhcp-message",
    run: message,
    seeds: messages,
    bytes_max: dhcp::MESSAGE_BYTES_MAX + 16,
    quick_inputs: QUICK,
};

pub(super) const METADATA: Target = Target {
    name: "metadata-answer",
    run: answer,
    seeds: answers,
    bytes_max: 2048,
    quick_inputs: QUICK,
};

/// What an answer may hold here.
const BODY_BYTES_MAX: u64 = 512;

/// What was understood says the same when it is written, if that fits into a message.
fn message(data: &[u8]) -> Outcome {
    let parsed = twice(data, Message::parse);
    if let Some(message) = &parsed {
        assert!(data.len() <= dhcp::MESSAGE_BYTES_MAX);
        assert!(message.options.prefix.is_none_or(|prefix| (1..=32).contains(&prefix)));
        assert!(message.options.routes.iter().all(|route| route.prefix <= 32));
        let encoded = message.encode();
        if encoded.len() <= dhcp::MESSAGE_BYTES_MAX {
            assert_eq!(Message::parse(&encoded).as_ref(), Ok(message));
        }
    }
    outcome(&parsed)
}

fn messages() -> Vec<Vec<u8>> {
    let gateway = [10, 128, 0, 1].into();
    let server = Some([169, 254, 169, 254].into());
    let everybody = Route { destination: [0; 4].into(), prefix: 0, gateway: Some(gateway) };
    let on_link = Route { destination: gateway, prefix: 32, gateway: None };
    let google = Options {
        prefix: Some(32),
        routers: vec![gateway],
        resolvers: vec![[169, 254, 169, 254].into()],
        lease_secs: Some(86_400),
        server,
        routes: vec![on_link, everybody],
        ..Options::new(Kind::Ack)
    };
    let usual = Options { prefix: Some(24), routes: Vec::new(), ..google.clone() };
    let nak = Options { server, ..Options::new(Kind::Nak) };
    let asked = Options {
        requested: Some([10, 128, 0, 7].into()),
        parameters: vec![1, 121, 3, 6],
        bytes_max: Some(1472),
        ..nak.clone()
    };
    [(Op::Reply, google), (Op::Reply, usual), (Op::Reply, nak), (Op::Request, asked)]
        .map(|(op, options)| {
            let (xid, secs, chaddr) = (0x0102_0304, 3, [0x42, 1, 10, 128, 0, 7]);
            let yiaddr = [10, 128, 0, 7].into();
            Message { op, xid, secs, broadcast: true, yiaddr, chaddr, options }.encode()
        })
        .to_vec()
}

/// An answer is within its bound, its body was received, and it is whole only once.
fn answer(data: &[u8]) -> Outcome {
    let closed = twice(data, |data| Answer::parse(data, true, BODY_BYTES_MAX)).flatten();
    let open = twice(data, |data| Answer::parse(data, false, BODY_BYTES_MAX)).flatten();
    if let Some(answer) = &closed {
        assert!(u64::try_from(answer.body.len()).is_ok_and(|length| length <= BODY_BYTES_MAX));
        assert!(answer.body.len() <= data.len());
    }
    // Who has it all need not hear that nothing more comes.
    assert!(open.is_none() || open == closed);
    outcome(&closed)
}

fn answers() -> Vec<Vec<u8>> {
    let file = "listen = \"0.0.0.0:4443\"\n";
    let head = "HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nContent-Type: text/plain\r\n";
    let length = file.len();
    [
        format!("{head}Content-Length: {length}\r\n\r\n{file}"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{file}\r\n0\r\n\r\n"),
        format!("{head}Connection: close\r\n\r\n{file}"),
        "HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}
