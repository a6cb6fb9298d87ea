//! Runtimes that are killed while they write, one after the other in the same folder.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{env, fs};

use cloister_audit::record::{Omitted, Predecessor};
use cloister_audit::{AuditError, Event, Frames, ReadError, Record, Replay, Step};
use cloister_domain::random::Random;

use crate::audit::log::AuditLog;
use crate::limits::AUDIT_TORN_BYTES_MAX;
use crate::testing::{began, owner};

/// Where the process that is killed has its folder from.
const FOLDER: &str = "CLOISTER_TEST_CRASH";
const VICTIM: &str = "audit::crash::writes_until_it_is_killed";
const KILLS: usize = 60;

#[test]
#[ignore = "the process that the other test kills"]
fn writes_until_it_is_killed() {
    let folder = env::var_os(FOLDER).expect("run by the test that kills it");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let log = AuditLog::begin(owner(), began(), Some(Path::new(&folder))).unwrap();
        let (log, counter) = (Arc::new(log), Arc::new(AtomicU64::new(1)));
        let writers = (0..8).map(|_| tokio::spawn(write(Arc::clone(&log), Arc::clone(&counter))));
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
    });
}

/// Records for ever, and says what was acknowledged.
async fn write(log: Arc<AuditLog>, counter: Arc<AtomicU64>) {
    loop {
        let count = counter.fetch_add(1, Ordering::Relaxed);
        let event = Event::Omitted(Omitted { what: "token".into(), count });
        let sequence = log.record(event).await.unwrap();
        io::stdout().lock().write_all(format!("ack {sequence} {count}\n").as_bytes()).unwrap();
        if count.is_multiple_of(16) {
            drop(log.checkpoint().await.unwrap());
        }
    }
}

fn spawn(folder: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", VICTIM, "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills `child` once it has acknowledged `after` records; all that it acknowledged: the number of
/// each, and what was recorded.
fn kill(mut child: Child, after: usize) -> BTreeMap<u64, u64> {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = BTreeMap::new();
    let mut killed = false;
    loop {
        if acknowledged.len() >= after && !killed {
            child.kill().unwrap();
            killed = true;
        }
        let Some(Ok(line)) = lines.next() else { break };
        // It may have been killed within a line; such a one was not acknowledged to anybody.
        let mut words = line.split(' ');
        if (words.next(), words.clone().count()) == (Some("ack"), 2) {
            let mut number = || words.next().unwrap().parse().unwrap();
            acknowledged.insert(number(), number());
        }
    }
    assert!(killed, "it ended by itself");
    child.wait().unwrap();
    acknowledged
}

/// What the whole entries of a log say: the last one as far as it goes.
fn read(path: &Path) -> (Vec<Record>, Option<Predecessor>, u64) {
    let bytes = fs::read(path).unwrap();
    let (mut frames, mut replay) = (Frames::new(bytes.as_slice()), Replay::new(None));
    let mut records = Vec::new();
    loop {
        match frames.next_frame() {
            Ok(Some(frame)) => {
                if let Step::Record(record) = replay.take(&frame).unwrap() {
                    records.push(*record);
                }
            }
            Ok(None) | Err(ReadError::Log(AuditError::Torn { .. })) => break,
            Err(error) => panic!("{error}"),
        }
    }
    let predecessor = match records.first().map(|record| &record.event) {
        Some(Event::Began(began)) => began.predecessor.clone(),
        _ => None,
    };
    let torn = u64::try_from(bytes.len()).unwrap() - frames.position();
    (records, predecessor, torn)
}

fn newest(folder: &Path) -> Option<std::path::PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).max()
}

#[test]
fn whoever_is_killed_at_any_moment_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random::new(0x0dd_b411);
    let (mut total, mut left) = (0, None);
    let mut last = None;
    for round in 0..KILLS {
        let acknowledged = kill(spawn(folder.path()), random.index(120));
        total += acknowledged.len();
        let Some(path) = newest(folder.path()) else { continue };
        let (records, predecessor, torn) = read(&path);
        for (sequence, count) in &acknowledged {
            let record = &records[usize::try_from(*sequence).unwrap()];
            assert_eq!(record.sequence, *sequence, "round {round}");
            let expected = Event::Omitted(Omitted { what: "token".into(), count: *count });
            assert_eq!(record.event, expected, "round {round}");
        }
        assert!(torn <= AUDIT_TORN_BYTES_MAX, "round {round}: {torn} bytes");
        // What this boot found of the one before, if it came so far as to begin a log and say so.
        let is_new = last.as_ref() != Some(&path);
        if let (true, Some(found), Some((size, torn))) = (is_new, predecessor, left) {
            assert_eq!((found.size, found.bytes_cut), (size, torn), "round {round}");
        }
        left = Some((u64::try_from(records.len()).unwrap(), torn));
        last = Some(path);
    }
    assert!(total > KILLS, "{total} acknowledged");
    // The next boot cuts off what is not whole, and every log reads to its end.
    drop(AuditLog::begin(owner(), began(), Some(folder.path())).unwrap());
    for entry in fs::read_dir(folder.path()).unwrap() {
        assert_eq!(read(&entry.unwrap().path()).2, 0);
    }
}
