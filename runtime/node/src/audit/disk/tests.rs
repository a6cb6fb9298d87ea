//! What a boot makes of what the boot before left.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use cloister_audit::{Frames, Progress, Replay};
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
        let is_record = frame.kind() == cloister_audit::Kind::Record;
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
