//! Whole logs: what is honest reads to its end, and nothing else does.

use cloister_audit::record::Omitted;
use cloister_audit::{
    AuditError, Event, Frame, Frames, Hash, Head, Kind, Progress, Range, ReadError, Record, Replay,
};

use crate::logs::{Log, began, operation, origin, outcome, time};

/// Reads a log to its end.
fn read(bytes: &[u8]) -> Result<Progress, AuditError> {
    let (mut frames, mut replay) = (Frames::new(bytes), Replay::new(None));
    loop {
        match frames.next_frame() {
            Ok(Some(frame)) => drop(replay.take(&frame)?),
            Ok(None) => return Ok(replay.progress().unwrap()),
            Err(ReadError::Log(error)) => return Err(error),
            Err(other) => panic!("{other}"),
        }
    }
}

fn log() -> Log {
    let mut log = Log::new();
    log.call();
    log.checkpoint();
    log.push(Event::Operation(operation(false).into()));
    log.call();
    log.checkpoint();
    log
}

pub(crate) fn replayed(log: &Log) -> Result<Progress, AuditError> {
    read(&log.bytes())
}

#[test]
fn an_honest_log_reads_to_its_end() {
    let log = log();
    let progress = replayed(&log).unwrap();
    assert_eq!((progress.size, progress.checkpoints, progress.open), (6, 2, 0));
    assert_eq!(progress.root, log.tree.root());
    assert_eq!(progress.last.unwrap().checkpoint().size, 6);
}

#[test]
fn every_changed_byte_of_a_log_is_noticed() {
    let bytes = log().bytes();
    for at in 0..bytes.len() {
        for change in [1, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= change;
            assert!(read(&changed).is_err(), "byte {at}");
        }
    }
}

#[test]
fn every_cut_within_an_entry_is_torn_and_between_entries_is_a_shorter_log() {
    let log = log();
    let bytes = log.bytes();
    let mut edges = vec![0];
    for frame in &log.frames {
        edges.push(edges.last().unwrap() + frame.to_bytes().len());
    }
    for len in 1..bytes.len() {
        match (edges.contains(&len), read(&bytes[..len])) {
            (true, Ok(_)) | (false, Err(AuditError::Torn { .. })) => {}
            (_, other) => panic!("cut at {len}: {other:?}"),
        }
    }
}

#[test]
fn a_record_that_was_removed_put_in_or_moved_is_noticed() {
    let whole = log();
    for at in 1..whole.frames.len() - 1 {
        let mut removed = log();
        removed.frames.remove(at);
        assert!(replayed(&removed).is_err() || whole.frames[at].kind() == Kind::Checkpoint);
        let mut doubled = log();
        doubled.frames.insert(at, doubled.frames[at].clone());
        let harmless = whole.frames[at].kind() == Kind::Checkpoint;
        assert!(replayed(&doubled).is_err() || harmless, "{at}");
        let mut moved = log();
        moved.frames.swap(at, at + 1);
        assert!(replayed(&moved).is_err(), "{at}");
    }
}

#[test]
fn a_checkpoint_over_other_records_is_a_loud_refusal() {
    let mut log = log();
    let forged = log.signed(log.tree.end(), Hash::of(b"other"));
    log.frames.push(Frame::new(Kind::Checkpoint, forged.bytes().to_vec()).unwrap());
    assert!(matches!(replayed(&log), Err(AuditError::Disagrees { size: 6, .. })));
}

#[test]
fn a_log_whose_last_signed_record_is_gone_disagrees_with_its_checkpoint() {
    let mut log = log();
    let checkpoint = log.frames.pop().unwrap();
    log.frames.pop();
    log.frames.push(checkpoint);
    assert!(matches!(replayed(&log), Err(AuditError::Disagrees { size: 6, .. })));
}

#[test]
fn a_checkpoint_of_another_runtime_is_refused() {
    let (mut log, other) = (log(), Log::new());
    let foreign = other.signed(log.tree.end(), log.tree.root());
    log.frames.push(Frame::new(Kind::Checkpoint, foreign.bytes().to_vec()).unwrap());
    assert!(matches!(replayed(&log), Err(AuditError::Origin { .. })));
}

#[test]
fn a_log_of_another_key_than_the_expected_one_is_refused() {
    let (log, other) = (log(), Log::new());
    let expected = origin(&other.key).thumbprint();
    let refused = Replay::new(Some(expected)).take(&log.frames[0]);
    assert!(matches!(refused, Err(AuditError::Origin { .. })));
    let own = origin(&log.key).thumbprint();
    assert!(Replay::new(Some(own)).take(&log.frames[0]).is_ok());
}

#[test]
fn an_outcome_belongs_to_one_operation_that_was_permitted() {
    let mut of_denied = Log::new();
    let denied = of_denied.push(Event::Operation(operation(false).into()));
    of_denied.push(outcome(denied));
    let mut twice = Log::new();
    twice.call();
    twice.push(outcome(1));
    let mut of_nothing = Log::new();
    of_nothing.push(outcome(0));
    for log in [of_denied, twice, of_nothing] {
        assert!(matches!(replayed(&log), Err(AuditError::Order { .. })));
    }
}

#[test]
fn a_log_begins_once_and_time_does_not_go_back() {
    let mut again = Log::new();
    again.push(began());
    assert!(matches!(replayed(&again), Err(AuditError::Order { sequence: 1, .. })));
    let mut back = Log::new();
    let event = Event::Omitted(Omitted { what: "x".into(), count: 1 });
    let older = Record::new(1, cloister_attestation::time::UnixTime::from_secs(1), event);
    back.frames.push(Frame::new(Kind::Record, older.encode().unwrap()).unwrap());
    assert!(matches!(replayed(&back), Err(AuditError::Order { sequence: 1, .. })));
    let mut two_heads = Log::new();
    two_heads.frames.push(two_heads.frames[0].clone());
    assert!(matches!(replayed(&two_heads), Err(AuditError::Head(_))));
    let mut headless = Log::new();
    headless.frames.remove(0);
    assert!(matches!(replayed(&headless), Err(AuditError::Head(_))));
}

#[test]
fn what_is_kept_of_a_log_is_checked_against_its_next_checkpoint() {
    let whole = log();
    let mut before = Range::from(0);
    whole.leaves()[..3].iter().for_each(|leaf| before.append(*leaf));
    let rest = |before: &Range| {
        let head = Head::new(origin(&whole.key), before).frame().unwrap();
        let frames = [vec![head], whole.frames[5..].to_vec()].concat();
        frames.iter().flat_map(Frame::to_bytes).collect::<Vec<u8>>()
    };
    let progress = read(&rest(&before)).unwrap();
    assert_eq!((progress.first, progress.size, progress.root), (3, 6, whole.tree.root()));
    let mut other = Range::from(0);
    (0..3).for_each(|_| other.append(Hash::of(b"other")));
    assert!(matches!(read(&rest(&other)), Err(AuditError::Disagrees { .. })));
}

#[test]
fn a_checkpoint_follows_what_it_is_over() {
    let mut early = Log::new();
    early.call();
    let late = cloister_audit::Checkpoint::new(
        origin(&early.key),
        early.tree.end(),
        early.tree.root(),
        time(0),
    );
    let signed = crate::logs::sign(&early.key, &late);
    early.frames.push(Frame::new(Kind::Checkpoint, signed.bytes().to_vec()).unwrap());
    assert!(matches!(replayed(&early), Err(AuditError::Disagrees { .. })));
}
