//! The client against a server of a few lines, by a clock that only the link moves.

use core::net::Ipv4Addr;
use core::time::Duration;
use std::collections::VecDeque;
use std::io;

use super::super::message::{Message, Op};
use super::super::options::{Kind, Options};
use super::{Hardware, Lease, Link, PATIENCE, ROUNDS_MAX, Silence, ask};

const CARD: Hardware = [0x52, 0x54, 0, 0x12, 0x34, 0x56];
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);

/// What a server makes of the message of this number, counted from 0.
type Script = Box<dyn FnMut(usize, &Message) -> Vec<Vec<u8>>>;

struct Fake {
    script: Script,
    sent: Vec<(Duration, Message)>,
    waiting: VecDeque<Vec<u8>>,
    now: Duration,
    is_broken: bool,
}

impl Link for Fake {
    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let message = Message::parse(message).unwrap();
        self.waiting.extend((self.script)(self.sent.len(), &message));
        self.sent.push((self.now, message));
        if self.is_broken { Err(io::ErrorKind::NetworkDown.into()) } else { Ok(()) }
    }

    fn receive(&mut self, patience: Duration) -> io::Result<Option<Vec<u8>>> {
        let next = self.waiting.pop_front();
        // A message takes its time too.
        self.now += if next.is_some() { Duration::from_millis(1) } else { patience };
        Ok(next)
    }

    fn elapsed(&self) -> Duration {
        self.now
    }
}

fn link(script: impl FnMut(usize, &Message) -> Vec<Vec<u8>> + 'static) -> Fake {
    let (sent, waiting) = (Vec::new(), VecDeque::new());
    Fake { script: Box::new(script), sent, waiting, now: Duration::ZERO, is_broken: false }
}

/// An honest server's answer.
fn answer(question: &Message) -> Message {
    let is_discover = question.options.kind == Kind::Discover;
    reply(question, if is_discover { Kind::Offer } else { Kind::Ack })
}

fn reply(question: &Message, kind: Kind) -> Message {
    let options = Options {
        prefix: Some(24),
        routers: vec![SERVER],
        server: Some(SERVER),
        lease_secs: Some(86_400),
        ..Options::new(kind)
    };
    Message { op: Op::Reply, yiaddr: ADDRESS, options, ..question.clone() }
}

fn honest(question: &Message) -> Vec<Vec<u8>> {
    vec![answer(question).encode()]
}

fn given(link: &mut Fake) -> Lease {
    ask(link, CARD).unwrap()
}

fn kinds(link: &Fake) -> Vec<Kind> {
    link.sent.iter().map(|(_, message)| message.options.kind).collect()
}

#[test]
fn an_offer_is_asked_for_and_acknowledged() {
    let mut link = link(|_, question| honest(question));
    let lease = given(&mut link);
    assert_eq!((lease.address, lease.prefix, lease.server), (ADDRESS, 24, SERVER));
    assert_eq!(kinds(&link), [Kind::Discover, Kind::Request]);
    let (discover, request) = (&link.sent[0].1, &link.sent[1].1);
    assert!(discover.broadcast && request.broadcast);
    assert_eq!((discover.op, discover.chaddr), (Op::Request, CARD));
    assert_eq!((discover.xid, discover.secs), (request.xid, request.secs));
    assert_eq!(discover.options.parameters, [1, 121, 3, 6]);
    assert_eq!((discover.options.requested, discover.options.server), (None, None));
    assert_eq!(request.options.requested, Some(ADDRESS));
    assert_eq!(request.options.server, Some(SERVER));
}

#[test]
fn what_is_lost_is_sent_again_ever_more_slowly() {
    // Offers to the fourth, and an acknowledgement of the second request.
    let mut link =
        link(|at, question| if [3, 5].contains(&at) { honest(question) } else { vec![] });
    given(&mut link);
    let times: Vec<_> = link.sent.iter().map(|(at, _)| at.as_secs()).collect();
    assert_eq!(times, [0, 1, 3, 7, 7, 8]);
    assert!(link.sent.iter().all(|(_, message)| message.xid == link.sent[0].1.xid));
}

#[test]
fn an_offer_that_nobody_acknowledges_is_given_up_for_another() {
    let mut link = link(|at, question| match at {
        1..=3 => vec![],
        _ => honest(question),
    });
    given(&mut link);
    use Kind::{Discover, Request};
    assert_eq!(kinds(&link), [Discover, Request, Request, Request, Discover, Request]);
    assert_ne!(link.sent[0].1.xid, link.sent[4].1.xid);
}

#[test]
fn nobody_is_waited_for_longer_than_that() {
    let mut link = link(|_, _| vec![]);
    let error = ask(&mut link, CARD).unwrap_err();
    assert!(matches!(error, Silence::Unanswered { sent: 5, ignored: 0, last: None }), "{error:?}");
    assert_eq!(link.now, PATIENCE);
    link.now = Duration::ZERO;
    link.is_broken = true;
    let error = ask(&mut link, CARD).unwrap_err();
    assert!(matches!(error, Silence::Unanswered { last: Some(_), .. }), "{error:?}");
}

#[test]
fn what_is_no_answer_to_the_question_is_not_one() {
    let changes: [fn(&mut Message); 9] = [
        |it| it.xid ^= 1,
        |it| it.chaddr[5] ^= 1,
        |it| it.op = Op::Request,
        |it| it.yiaddr = Ipv4Addr::UNSPECIFIED,
        |it| it.options.server = None,
        |it| it.options.kind = Kind::Discover,
        |it| it.options.kind = Kind::Request,
        // Of the other step, each.
        |it| it.options.kind = if it.options.kind == Kind::Offer { Kind::Ack } else { Kind::Offer },
        |it| it.yiaddr = Ipv4Addr::new(224, 0, 0, 1),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut link = link(move |_, question| {
            let mut other = answer(question);
            change(&mut other);
            vec![other.encode(), answer(question).encode()]
        });
        assert_eq!(given(&mut link).address, ADDRESS, "{number}");
        assert_eq!(kinds(&link), [Kind::Discover, Kind::Request], "{number}");
    }
}

#[test]
fn another_server_does_not_answer_for_the_one_that_was_asked() {
    for kind in [Kind::Ack, Kind::Nak] {
        let mut link = link(move |at, question| {
            let mut other = reply(question, kind);
            other.options.server = Some(Ipv4Addr::new(10, 0, 2, 99));
            other.options.prefix = Some(8);
            if at == 1 { vec![other.encode(), answer(question).encode()] } else { honest(question) }
        });
        assert_eq!(given(&mut link).prefix, 24);
        assert_eq!(link.sent.len(), 2);
    }
}

#[test]
fn another_address_than_the_offered_one_is_not_taken() {
    let mut link = link(|at, question| {
        let mut other = answer(question);
        if at == 1 {
            other.yiaddr = Ipv4Addr::new(10, 0, 2, 16);
        }
        vec![other.encode()]
    });
    assert_eq!(given(&mut link).address, ADDRESS);
    assert_eq!(kinds(&link), [Kind::Discover, Kind::Request, Kind::Request]);
}

#[test]
fn garbage_is_passed_over_and_counted() {
    let noise = |question: &Message| {
        let whole = answer(question).encode();
        vec![vec![], vec![0; 300], whole[..260].to_vec(), vec![0xff; 1500]]
    };
    let mut link = link(move |_, question| [noise(question), honest(question)].concat());
    assert_eq!(given(&mut link).address, ADDRESS);
    let mut link = self::link(move |_, question| noise(question));
    let error = ask(&mut link, CARD).unwrap_err();
    assert!(matches!(error, Silence::Unanswered { sent: 5, ignored: 20, .. }), "{error:?}");
}

#[test]
fn after_a_refusal_all_begins_anew_and_not_for_ever() {
    let refuse = |question: &Message| {
        let mut nak = reply(question, Kind::Nak);
        nak.yiaddr = Ipv4Addr::UNSPECIFIED;
        vec![nak.encode()]
    };
    let mut link =
        link(move |at, question| if at == 1 { refuse(question) } else { honest(question) });
    given(&mut link);
    use Kind::{Discover, Request};
    assert_eq!(kinds(&link), [Discover, Request, Discover, Request]);
    assert_ne!(link.sent[0].1.xid, link.sent[2].1.xid);
    let mut link = self::link(move |_, question| {
        if question.options.kind == Request { refuse(question) } else { honest(question) }
    });
    assert!(matches!(ask(&mut link, CARD), Err(Silence::Refused)));
    assert_eq!(link.sent.len(), 2 * usize::try_from(ROUNDS_MAX).unwrap());
}

#[test]
fn a_flood_ends_with_the_time() {
    let mut link = link(|_, _| vec![vec![0; 8]; 100_000]);
    assert!(matches!(ask(&mut link, CARD), Err(Silence::Unanswered { .. })));
}
