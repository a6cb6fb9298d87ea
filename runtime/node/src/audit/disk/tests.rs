//! What a boot makes of what the boot before left.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use cloister_audit::{Frames, Kind, Progress, Replay};
use tempfile::TempDir;

use super::begin;
use crate::audit::log::AuditLog;
use crate::audit::{AuditLogError, disk};
use crate::limits::AUDIT_TORN_BYTES_MAX;
use crate::testing::{began, owner};

/// A folder with the log of a boot that recorded and signed something.
async fn left() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let log = AuditLog::begin(owner(), began(), Some(folder.path())).unwrap();
    log.not_authenticated(cloister_policy::Direction::Inbound, None, "a");
    log.checkpoint().await.unwrap();
    log.not_authenticated(cloister_policy::Direction::Inbound, None, "b");
    drop(log.checkpoint().await.unwrap());
    drop(log);
    let path = disk::newest(folder.path()).unwrap().unwrap().1;
    until_unlocked(&path);
    (folder, path)
}

/// The writer ends a moment after its log.
fn until_unlocked(path: &Path) {
    fs::File::open(path).unwrap().lock().unwrap();
}

fn progress(path: &Path) -> Progress {
    let (bytes, mut replay) = (fs::read(path).unwrap(), Replay::new(None));
    let mut frames = Frames::new(bytes.as_slice());
    while let Some(frame) = frames.next_frame().unwrap() {
        drop(replay.take(&frame).unwrap());
    }
    replay.progress().unwrap()
}

#[tokio::test]
async fn a_new_boot_begins_a_new_log_and_says_what_it_found() {
    let (folder, path) = left().await;
    let old = progress(&path);
    assert_eq!((old.size, old.checkpoints), (3, 2));
    let (_, found) = begin(folder.path(), &"ab".repeat(16)).unwrap();
    let found = found.unwrap();
    assert_eq!((found.size, found.root, found.bytes_cut), (3, old.root, 0));
    assert_eq!(found.instance, old.origin.instance());
    let newest = disk::newest(folder.path()).unwrap().unwrap();
    assert_eq!(newest.0, 1);
    assert_eq!(progress(&path), old, "the old log was touched");
}

#[tokio::test]
async fn an_end_within_an_entry_is_cut_off_and_said() {
    for torn in [vec![0], vec![0; 37], vec![0xff; 5000]] {
        let (folder, path) = left().await;
        let old = progress(&path);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(&torn).unwrap();
        let found = begin(folder.path(), &"ab".repeat(16)).unwrap().1.unwrap();
        assert_eq!((found.size, found.root), (old.size, old.root));
        assert_eq!(found.bytes_cut, u64::try_from(torn.len()).unwrap());
        assert_eq!(progress(&path), old);
    }
}

#[tokio::test]
async fn every_cut_of_the_last_boots_log_is_recovered_to_its_last_whole_entry() {
    let (_folder, path) = left().await;
    let whole = fs::read(&path).unwrap();
    for len in (0..whole.len()).step_by(7) {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join(path.file_name().unwrap());
        fs::write(&copy, &whole[..len]).unwrap();
        let found = begin(folder.path(), &"ab".repeat(16)).unwrap().1.unwrap();
        let kept = fs::metadata(&copy).unwrap().len();
        assert_eq!(kept + found.bytes_cut, u64::try_from(len).unwrap());
        assert!(found.size <= 3);
    }
}

#[tokio::test]
async fn the_last_write_torn_at_any_byte_takes_nothing_that_came_before_with_it() {
    let (folder, path) = left().await;
    let whole = fs::read(&path).unwrap();
    let mut frames = Frames::new(whole.as_slice());
    let mut ends = Vec::new();
    while let Some(frame) = frames.next_frame().unwrap() {
        ends.push((usize::try_from(frames.position()).unwrap(), frame.kind() == Kind::Record));
    }
    // The last record and the checkpoint over it.
    let begin_of_last = ends[ends.len() - 3].0;
    // What the disk has in the place of what did not get there: nothing, zeros, or older bytes.
    for (rest, torn) in [None, Some(0), Some(0xa5)]
        .into_iter()
        .flat_map(|rest| (begin_of_last..whole.len()).map(move |torn| (rest, torn)))
    {
        let mut bytes = whole[..torn].to_vec();
        if let Some(byte) = rest {
            bytes.resize(whole.len(), byte);
        }
        if bytes == whole {
            continue;
        }
        let copy = tempfile::tempdir_in(folder.path()).unwrap();
        let file = copy.path().join(path.file_name().unwrap());
        fs::write(&file, &bytes).unwrap();
        let found = begin(copy.path(), &"ab".repeat(16)).unwrap().1.unwrap();
        let is_whole = |(end, _): &&(usize, bool)| *end <= torn;
        let records = ends.iter().filter(is_whole).filter(|(_, record)| *record).count();
        assert_eq!(found.size, u64::try_from(records).unwrap(), "{torn} {rest:?}");
        let kept = ends.iter().filter(is_whole).map(|(end, _)| *end).max().unwrap();
        assert_eq!(found.bytes_cut, u64::try_from(bytes.len() - kept).unwrap(), "{torn} {rest:?}");
        assert_eq!(fs::read(&file).unwrap(), whole[..kept], "{torn} {rest:?}");
    }
}

#[tokio::test]
async fn a_full_disk_is_a_refusal() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let log = AuditLog::on(owner(), began(), super::LogFile(full)).unwrap();
    let event = || {
        cloister_audit::Event::Omitted(cloister_audit::record::Omitted {
            what: "test".into(),
            count: 1,
        })
    };
    for _ in 0..2 {
        let refused = log.record(event()).await;
        let Err(AuditLogError::Failed(reason)) = refused else { panic!("{refused:?}") };
        assert!(reason.contains("No space left"), "{reason}");
    }
}

#[tokio::test]
async fn more_than_one_write_that_is_broken_is_a_loud_refusal() {
    let (folder, path) = left().await;
    let zeros = vec![0; usize::try_from(AUDIT_TORN_BYTES_MAX).unwrap() + 1];
    OpenOptions::new().append(true).open(&path).unwrap().write_all(&zeros).unwrap();
    let refused = begin(folder.path(), &"ab".repeat(16));
    assert!(matches!(refused, Err(AuditLogError::Damaged { .. })));
}

#[tokio::test]
async fn a_log_whose_signed_record_is_gone_is_a_loud_refusal() {
    let (folder, path) = left().await;
    let bytes = fs::read(&path).unwrap();
    let mut frames = Frames::new(bytes.as_slice());
    let (mut kept, mut records) = (Vec::new(), 0);
    while let Some(frame) = frames.next_frame().unwrap() {
        let is_record = frame.kind() == Kind::Record;
        records += u32::from(is_record);
        // The second record, which both checkpoints are over.
        if !(is_record && records == 2) {
            kept.extend(frame.to_bytes());
        }
    }
    fs::write(&path, kept).unwrap();
    let refused = begin(folder.path(), &"ab".repeat(16));
    assert!(matches!(refused, Err(AuditLogError::Damaged { .. })), "{refused:?}");
}

#[tokio::test]
async fn two_runtimes_do_not_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let _first = AuditLog::begin(owner(), began(), Some(folder.path())).unwrap();
    let second = AuditLog::begin(owner(), began(), Some(folder.path()));
    assert!(matches!(second, Err(AuditLogError::InUse { .. })));
}

#[test]
fn a_folder_that_cannot_be_is_refused() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let refused = begin(&file.path().join("below"), "x");
    assert!(matches!(refused, Err(AuditLogError::Folder { .. })));
}
