//! Durable before acknowledged; once failed, never acknowledged again.

use core::time::Duration;
use std::io;
use std::sync::{Arc, Mutex};

use cloister_audit::record::Omitted;
use cloister_audit::{ConsistencyProof, Event, Frames, Kind, Progress, Replay, check_extension};

use super::AuditLog;
use crate::audit::AuditLogError;
use crate::audit::disk::Store;
use crate::limits::{AUDIT_MEMORY_BYTES_MAX, AUDIT_PENDING_BYTES_MAX};
use crate::testing::{began, owner};

/// A disk that a test holds, breaks and looks at.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    synced: Vec<u8>,
    syncs: usize,
    broken: bool,
}

struct Held {
    disk: Disk,
    /// A sync for each message.
    gate: Option<std::sync::mpsc::Receiver<()>>,
}

impl Store for Held {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(gate) = &self.gate {
            let _open: Result<(), _> = gate.recv();
        }
        let mut state = self.disk.0.lock().unwrap();
        if state.broken {
            // Half of it got there.
            let half = &bytes[..bytes.len() / 2];
            state.synced.extend_from_slice(half);
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        state.synced.extend_from_slice(bytes);
        state.syncs += 1;
        Ok(())
    }
}

impl Disk {
    fn log(&self) -> AuditLog {
        AuditLog::on(owner(), began(), Held { disk: self.clone(), gate: None }).unwrap()
    }

    fn gated(&self) -> (AuditLog, std::sync::mpsc::Sender<()>) {
        let (sender, receiver) = std::sync::mpsc::channel();
        let held = Held { disk: self.clone(), gate: Some(receiver) };
        (AuditLog::on(owner(), began(), held).unwrap(), sender)
    }

    fn replayed(&self) -> Progress {
        let state = self.0.lock().unwrap();
        read(&state.synced)
    }
}

fn read(bytes: &[u8]) -> Progress {
    let (mut frames, mut replay) = (Frames::new(bytes), Replay::new(None));
    while let Ok(Some(frame)) = frames.next_frame() {
        drop(replay.take(&frame).unwrap());
    }
    replay.progress().unwrap()
}

fn event() -> Event {
    Event::Omitted(Omitted { what: "test".into(), count: 1 })
}

#[tokio::test]
async fn a_record_is_on_the_disk_when_it_is_acknowledged() {
    let disk = Disk::default();
    let log = disk.log();
    for expected in 1..20 {
        assert_eq!(log.record(event()).await.unwrap(), expected);
        assert!(disk.replayed().size > expected);
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_before_its_sync() {
    let disk = Disk::default();
    let (log, gate) = disk.gated();
    let recorded = log.record(event());
    tokio::pin!(recorded);
    let early = tokio::time::timeout(Duration::from_millis(100), &mut recorded).await;
    assert!(early.is_err(), "acknowledged before it was durable");
    gate.send(()).unwrap();
    gate.send(()).unwrap();
    assert_eq!(recorded.await.unwrap(), 1);
}

#[tokio::test]
async fn one_sync_is_for_many_records() {
    let disk = Disk::default();
    let (log, gate) = disk.gated();
    let log = Arc::new(log);
    let recorded: Vec<_> = (0..200)
        .map(|_| {
            let log = Arc::clone(&log);
            tokio::spawn(async move { log.record(event()).await.unwrap() })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    for _ in 0..4 {
        gate.send(()).unwrap();
    }
    for recorded in recorded {
        recorded.await.unwrap();
    }
    assert!(disk.0.lock().unwrap().syncs <= 4);
    assert_eq!(disk.replayed().size, 201);
}

#[tokio::test]
async fn a_disk_that_failed_once_is_never_believed_again() {
    let disk = Disk::default();
    let log = disk.log();
    log.record(event()).await.unwrap();
    disk.0.lock().unwrap().broken = true;
    assert!(matches!(log.record(event()).await, Err(AuditLogError::Failed(_))));
    disk.0.lock().unwrap().broken = false;
    assert!(matches!(log.record(event()).await, Err(AuditLogError::Failed(_))));
    assert!(matches!(log.checkpoint().await, Err(AuditLogError::Failed(_))));
    assert_eq!(disk.replayed().size, 2, "what was acknowledged is still there");
}

#[tokio::test]
async fn more_than_may_wait_is_refused_and_counted() {
    let disk = Disk::default();
    let (log, gate) = disk.gated();
    let large = || Event::Omitted(Omitted { what: "x".repeat(256), count: 1 });
    let fits = AUDIT_PENDING_BYTES_MAX / 256;
    for _ in 0..fits {
        log.note(large());
    }
    assert!(matches!(log.record(large()).await, Err(AuditLogError::Full)));
    drop(gate);
    while log.record(event()).await.is_err() {
        tokio::task::yield_now().await;
    }
    let kept = disk.replayed();
    assert!(kept.size < u64::try_from(fits).unwrap());
}

#[tokio::test]
async fn a_checkpoint_is_over_what_is_durable() {
    let disk = Disk::default();
    let log = disk.log();
    log.note(event());
    let signed = log.checkpoint().await.unwrap();
    let kept = disk.replayed();
    assert_eq!((kept.size, kept.root), (signed.checkpoint().size, signed.checkpoint().root));
    assert_eq!(kept.last, Some(signed.clone()));
    assert_eq!(
        log.checkpoint().await.unwrap(),
        signed,
        "nothing happened, and it was signed again"
    );
}

#[tokio::test]
async fn every_checkpoint_extends_the_one_before() {
    let log = AuditLog::in_memory(owner(), began()).unwrap();
    let first = log.checkpoint().await.unwrap();
    (0..7).for_each(|_| log.note(event()));
    let second = log.checkpoint().await.unwrap();
    let excerpt = log.excerpt().unwrap();
    let (mut frames, mut leaves) = (Frames::new(excerpt.as_slice()), Vec::new());
    while let Some(frame) = frames.next_frame().unwrap() {
        leaves.extend((frame.kind() == Kind::Record).then(|| frame.hash()));
    }
    let proof = ConsistencyProof::new(&leaves, first.checkpoint().size).unwrap();
    check_extension(first.checkpoint(), second.checkpoint(), &proof).unwrap();
}

#[tokio::test]
async fn a_log_in_memory_keeps_its_end_and_what_is_kept_can_be_checked() {
    let log = AuditLog::in_memory(owner(), began()).unwrap();
    let many = u64::try_from(AUDIT_MEMORY_BYTES_MAX / 60).unwrap();
    for _ in 0..many {
        log.note(event());
    }
    let signed = log.checkpoint().await.unwrap();
    let kept = read(&log.excerpt().unwrap());
    assert_eq!((kept.size, kept.root), (many + 1, signed.checkpoint().root));
    assert!(kept.first > 0, "everything is kept");
    assert_eq!(kept.last, Some(signed));
}

#[tokio::test]
async fn many_writers_make_one_log() {
    let disk = Disk::default();
    let log = Arc::new(disk.log());
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                for _ in 0..50 {
                    log.record(event()).await.unwrap();
                    drop(log.checkpoint().await.unwrap());
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(disk.replayed().size, 401);
}
