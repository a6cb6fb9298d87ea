//! Records: one encoding, and nothing in them that does not fit.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::time::UnixTime;
use cloister_audit::record::{
    Authentication, Barrier, ChannelClosed, ChannelOpened, ChannelRenewed, Direction, Ending,
    Fenced, Leased, Omitted, Outcome, PolicyPublished, Predecessor, Subjects, ToolDrifted,
    VisitBegan, VisitEnded, Vouched, Witnessed, name_digest, recordable,
};
use cloister_audit::{AuditError, Event, Hash, Record};
use proptest::prelude::*;

use crate::logs::{began, operation, outcome, payload, peer, time};

/// One of each, with every optional part there and every one absent.
fn events() -> Vec<Event> {
    let mut events = of_channels();
    events.extend(of_a_visit());
    events
}

fn of_channels() -> Vec<Event> {
    let digest = Digest48::sha384(b"lease");
    let mut with_predecessor = began();
    if let Event::Began(began) = &mut with_predecessor {
        let root = Hash::of(b"root");
        let instance = "ff".repeat(16);
        began.predecessor = Some(Predecessor { instance, size: 7, root, bytes_cut: 3 });
    }
    let mut streamed = operation(false);
    streamed.request = None;
    streamed.peer = None;
    streamed.subjects = Subjects {
        tenant: Some(name_digest("tenant", "a")),
        task: Some(name_digest("task", "b")),
        context: Some(name_digest("context", "c")),
        tool: Some(name_digest("tool", "d")),
        resource: Some(name_digest("resource", "e")),
    };
    let failed = |ending| {
        let (request, response) = (payload(b"q"), payload(b""));
        Event::Outcome(Outcome { of: 9, ending, request, response })
    };
    let authentication = |peer, refused: Option<&str>| {
        Event::Authentication(Authentication {
            direction: Direction::Outbound,
            peer,
            dialled: Some("planner".into()),
            refused: refused.map(Into::into),
            policies: vec!["connect".into()],
        })
    };
    vec![
        began(),
        with_predecessor,
        Event::Leased(Leased { lease: digest, expires_at: time(600), policy_epoch: 3 }),
        authentication(Some(peer()), None),
        authentication(None, Some("channel.timeout")),
        Event::ChannelOpened(ChannelOpened {
            channel: 4,
            direction: Direction::Inbound,
            peer: peer(),
            key_exchange: "X25519MLKEM768".into(),
            lease: digest,
            own_lease: digest,
            ends_at: time(600),
        }),
        Event::ChannelRenewed(ChannelRenewed {
            channel: 4,
            peer: peer(),
            lease: digest,
            result: "accepted".into(),
        }),
        Event::ChannelClosed(ChannelClosed { channel: 4, peer: peer(), reason: "idle".into() }),
        Event::Operation(operation(true).into()),
        Event::Operation(streamed.into()),
        outcome(8),
        failed(Ending::Broken { status: 200 }),
        failed(Ending::Cancelled { status: None }),
        failed(Ending::Cancelled { status: Some(200) }),
        failed(Ending::Failed { code: "gateway.agent.unreachable".into() }),
        Event::Witnessed(Witnessed { peer: peer(), checkpoint: vec![1; 300], refused: None }),
        Event::Omitted(Omitted { what: "channel.tls".into(), count: 1 << 40 }),
        drifted(),
        published(None),
        published(Some("publication.forbidden")),
        fenced(Some("ptrace"), Some("fence.system_call")),
        fenced(None, None),
        Event::Vouched(Vouched { peer: peer(), cosignature: vec![2; 300] }),
    ]
}

fn of_a_visit() -> [Event; 2] {
    let began = VisitBegan {
        visit: 5,
        from: "192.0.2.1:443".into(),
        key_exchange: "X25519MLKEM768".into(),
        own_lease: Digest48::sha384(b"lease"),
        ends_at: time(600),
    };
    let ended = VisitEnded { visit: 5, reason: "idle".into() };
    [Event::VisitBegan(began), Event::VisitEnded(ended)]
}

fn fenced(subject: Option<&str>, refused: Option<&str>) -> Event {
    Event::Fenced(Fenced {
        barrier: Barrier::SystemCall,
        subject: subject.map(Into::into),
        refused: refused.map(Into::into),
        count: 3,
    })
}

fn drifted() -> Event {
    Event::ToolDrifted(ToolDrifted {
        server: "dictionary".into(),
        tool: Hash::new([1; 32]),
        expected: vec![Hash::new([2; 32]), Hash::new([3; 32])],
        seen: Hash::new([4; 32]),
    })
}

fn published(refused: Option<&str>) -> Event {
    let (number, bundle) = (7, Digest48::sha384(b"bundle"));
    Event::PolicyPublished(PolicyPublished { number, bundle, refused: refused.map(Into::into) })
}

#[test]
fn every_event_is_read_as_it_was_written() {
    for (sequence, event) in (0..).zip(events()) {
        let record = Record::new(sequence, time(sequence), event);
        let bytes = record.encode().unwrap();
        assert_eq!(Record::decode(&bytes), Ok(record));
    }
}

#[test]
fn every_cut_and_every_appended_byte_is_refused() {
    for event in events() {
        let bytes = Record::new(5, time(5), event).encode().unwrap();
        for len in 0..bytes.len() {
            assert!(Record::decode(&bytes[..len]).is_err(), "cut at {len}");
        }
        assert!(Record::decode(&[bytes.as_slice(), &[0]].concat()).is_err());
    }
}

#[test]
fn another_encoding_of_the_same_record_is_refused() {
    let bytes = Record::new(5, time(5), outcome(1)).encode().unwrap();
    // The sequence number 5 in two bytes instead of one.
    let at = bytes.iter().position(|byte| *byte == 5).unwrap();
    let longer = [&bytes[..at], &[0x18, 5], &bytes[at + 1..]].concat();
    assert!(matches!(Record::decode(&longer), Err(AuditError::Record { .. })));
    // A map of unstated length.
    let mut indefinite = bytes.clone();
    indefinite[0] = 0xbf;
    indefinite.push(0xff);
    assert!(matches!(Record::decode(&indefinite), Err(AuditError::Record { .. })));
    // Another version.
    let mut other = bytes;
    assert_eq!(other[1..3], [0, 1]);
    other[2] = 2;
    assert_eq!(
        Record::decode(&other),
        Err(AuditError::Record { reason: "of another version".into() })
    );
}

#[test]
fn a_text_that_a_terminal_would_obey_or_that_is_too_long_is_refused() {
    for bad in ["", "a\u{1b}[2J", "a\nb", &"x".repeat(257)] {
        for event in [
            Event::Omitted(Omitted { what: bad.into(), count: 1 }),
            Event::ChannelClosed(ChannelClosed { channel: 1, peer: peer(), reason: bad.into() }),
            Event::ChannelClosed(ChannelClosed {
                channel: 1,
                peer: cloister_audit::record::PeerFacts { version: bad.into(), ..peer() },
                reason: "idle".into(),
            }),
        ] {
            let record = Record::new(1, time(1), event);
            assert!(matches!(record.encode(), Err(AuditError::Record { .. })), "{bad:?}");
        }
    }
}

#[test]
fn any_text_can_be_made_to_fit() {
    for text in ["", "plain", "a\u{1b}[2J", &"\u{e9}".repeat(200), &"x".repeat(300)] {
        let what = recordable(text);
        assert!(
            Record::new(1, time(1), Event::Omitted(Omitted { what, count: 1 })).encode().is_ok()
        );
    }
    assert_eq!(recordable("plain"), "plain");
}

#[test]
fn nothing_is_as_large_as_the_limit_that_it_is_read_with() {
    let mut event = operation(true);
    event.verdict.policies = vec!["x".repeat(256); 100];
    let record = Record::new(1, time(1), Event::Operation(event.into()));
    assert!(matches!(record.encode(), Err(AuditError::Record { .. })));
}

#[test]
fn names_are_digests_that_differ_by_kind() {
    assert_ne!(name_digest("task", "a"), name_digest("context", "a"));
    assert_ne!(name_digest("task", "a"), name_digest("task", "b"));
    let record = Record::new(1, time(1), Event::Operation(operation(true).into()));
    let json = serde_json::to_value(&record).unwrap();
    assert_eq!(json["event"], "operation");
    assert_eq!(json["verdict"]["permitted"], true);
    assert_eq!(json["request"]["sha256"], Hash::of(b"request").to_string());
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_are_the_one_encoding(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(record) = Record::decode(&bytes) {
            prop_assert_eq!(record.encode().unwrap(), bytes);
        }
    }

    #[test]
    fn numbers_of_any_size_are_kept(sequence: u64, at: u64, of: u64, bytes: u64, status: u16) {
        let event = Event::Outcome(Outcome {
            of,
            ending: Ending::Answered { status },
            request: cloister_audit::record::Payload { bytes, sha256: Hash::of(b"") },
            response: payload(b"x"),
        });
        let record = Record::new(sequence, UnixTime::from_secs(at), event);
        prop_assert_eq!(Record::decode(&record.encode().unwrap()), Ok(record));
    }

    #[test]
    fn a_changed_byte_is_another_record_or_none(which in 0_usize..21, at: prop::sample::Index, change in 1_u8..) {
        let record = Record::new(5, time(5), events().swap_remove(which));
        let mut bytes = record.encode().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        prop_assert_ne!(Record::decode(&bytes), Ok(record));
    }
}
