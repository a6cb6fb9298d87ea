//! Rotation, and what is left of it when the process ends in between.

use std::fs;
use std::path::Path;
use std::time::Duration;

use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::time::UnixTime;
use cloister_channel::lease::LeaseSigner;
use cloister_channel::limits::LEASE_KEYS_MAX;
use cloister_channel::trust::KeyId;

use super::{LeaseKeys, Rotation, Stage};
use crate::limits::{LEASE_KEY_LEAD, LEASE_KEY_TAIL};
use crate::state::{Directory, files};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join("data").join(name)
    }

    fn open(&self, now: UnixTime) -> (Directory, LeaseKeys) {
        let directory = Directory::open(&self.0.path().join("data")).unwrap();
        let keys = LeaseKeys::open(&directory, now).unwrap();
        (directory, keys)
    }
}

fn kids(keys: &LeaseKeys) -> Vec<KeyId> {
    keys.ring().listed().iter().map(super::ListedKey::kid).collect()
}

fn stages(keys: &LeaseKeys) -> Vec<Stage> {
    keys.ring().listed().iter().map(|key| key.stage).collect()
}

#[test]
fn a_key_is_listed_before_it_signs_and_until_its_last_lease_has_ended() {
    let folder = Folder::new();
    let (directory, keys) = folder.open(NOW);
    let [first, second] = kids(&keys)[..] else { panic!("two keys") };
    assert_eq!(keys.ring().signer().kid(), &first);
    assert_eq!(stages(&keys), [Stage::Current { since: NOW }, Stage::Next { since: NOW }]);

    let from = NOW.plus(LEASE_KEY_LEAD);
    let early = from.minus(Duration::from_secs(1));
    assert_eq!(keys.rotate(&directory, early).unwrap(), Rotation::TooEarly { from });
    assert_eq!(kids(&keys), [first, second], "nothing happened");

    assert_eq!(keys.rotate(&directory, from).unwrap(), Rotation::Done);
    let [current, third, previous] = kids(&keys)[..] else { panic!("three keys") };
    assert_eq!((current, previous), (second, first));
    assert_eq!(keys.ring().signer().kid(), &second);
    let until = from.plus(LEASE_KEY_TAIL);
    let expected =
        [Stage::Current { since: from }, Stage::Next { since: from }, Stage::Previous { until }];
    assert_eq!(stages(&keys), expected);

    let still = until.minus(Duration::from_secs(1));
    assert!(!keys.forget_ended(&directory, still).unwrap());
    assert!(keys.forget_ended(&directory, until).unwrap());
    assert_eq!(kids(&keys), [second, third]);
    drop(directory);
    assert_eq!(kids(&folder.open(until).1), [second, third], "on disk as well");
}

#[test]
fn rotating_as_often_as_possible_never_lists_more_keys_than_a_bundle_holds() {
    let folder = Folder::new();
    let (directory, keys) = folder.open(NOW);
    let mut now = NOW;
    for _ in 0..20 {
        now = now.plus(LEASE_KEY_LEAD);
        assert_eq!(keys.rotate(&directory, now).unwrap(), Rotation::Done);
        assert!(kids(&keys).len() <= LEASE_KEYS_MAX, "{:?}", stages(&keys));
    }
}

#[test]
fn of_a_key_that_signs_no_more_only_the_public_half_is_left() {
    let folder = Folder::new();
    let (directory, keys) = folder.open(NOW);
    let read = || fs::read_to_string(folder.path(files::LEASE_KEYS)).unwrap();
    let secret = |text: &str| {
        let document: serde_json::Value = serde_json::from_str(text).unwrap();
        document["current"]["pkcs8"].as_str().unwrap().to_owned()
    };
    let before = secret(&read());
    keys.rotate(&directory, NOW.plus(LEASE_KEY_LEAD)).unwrap();
    assert!(!read().contains(&before));
}

/// What a process that ended while it wrote `name` leaves beside the file from before: nothing, or
/// any part of the new one.
fn unfinished(folder: &Folder, name: &str, content: &[u8]) -> Vec<Option<Vec<u8>>> {
    assert!(!folder.path(&format!(".{name}.new")).exists());
    let cuts = [0, 1, content.len() / 2, content.len() - 1, content.len()];
    core::iter::once(None).chain(cuts.map(|len| Some(content[..len].to_vec()))).collect()
}

fn put(path: &Path, content: Option<&Vec<u8>>) {
    use std::os::unix::fs::PermissionsExt as _;
    match content {
        None => drop(fs::remove_file(path)),
        Some(content) => {
            fs::write(path, content).unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

#[test]
fn a_rotation_that_is_cut_off_anywhere_leaves_the_keys_from_before_or_from_after() {
    let folder = Folder::new();
    let (directory, keys) = folder.open(NOW);
    let (stored, fresh) =
        (folder.path(files::LEASE_KEYS), folder.path(&format!(".{}.new", files::LEASE_KEYS)));
    let (before, old) = (fs::read(&stored).unwrap(), kids(&keys));
    let later = NOW.plus(LEASE_KEY_LEAD);
    keys.rotate(&directory, later).unwrap();
    let (after, new) = (fs::read(&stored).unwrap(), kids(&keys));
    drop(directory);
    // The new file is made, grows, and takes the old one's place: nothing else is done to the disk.
    for left in unfinished(&folder, files::LEASE_KEYS, &after) {
        put(&stored, Some(&before));
        put(&fresh, left.as_ref());
        let (directory, keys) = folder.open(later);
        assert_eq!(kids(&keys), old);
        assert_eq!(keys.rotate(&directory, later).unwrap(), Rotation::Done, "and it can be done");
        assert_eq!(keys.ring().signer().kid(), &old[1]);
        put(&fresh, None);
    }
    put(&stored, Some(&after));
    assert_eq!(kids(&folder.open(later).1), new);
}

#[test]
fn the_one_key_of_an_earlier_version_goes_on_signing_wherever_its_move_is_cut_off() {
    let folder = Folder::new();
    drop(Directory::open(&folder.0.path().join("data")).unwrap());
    let pkcs8 = LeaseSigner::generate_pkcs8().unwrap().to_vec();
    let kid = *LeaseSigner::from_pkcs8(&pkcs8).unwrap().kid();
    let (stored, old, fresh) = (
        folder.path(files::LEASE_KEYS),
        folder.path(files::LEASE_KEY),
        folder.path(&format!(".{}.new", files::LEASE_KEYS)),
    );
    put(&old, Some(&pkcs8));
    let (_, keys) = folder.open(NOW);
    assert_eq!(keys.ring().signer().kid(), &kid);
    assert!(!old.exists());
    let moved = fs::read(&stored).unwrap();
    for left in unfinished(&folder, files::LEASE_KEYS, &moved) {
        put(&stored, None);
        put(&old, Some(&pkcs8));
        put(&fresh, left.as_ref());
        assert_eq!(folder.open(NOW).1.ring().signer().kid(), &kid);
    }
    // Both are there: the move was done, and the old file not yet removed.
    put(&stored, Some(&moved));
    put(&old, Some(&pkcs8));
    assert_eq!(folder.open(NOW).1.ring().signer().kid(), &kid);
    assert!(!old.exists());
}

#[test]
fn a_damaged_file_is_refused_and_not_replaced() {
    let folder = Folder::new();
    drop(folder.open(NOW));
    let stored = folder.path(files::LEASE_KEYS);
    let good = fs::read_to_string(&stored).unwrap();
    for bad in [
        "",
        "{}",
        &good[1..],
        &good.replacen("pkcs8\":\"M", "pkcs8\":\"N", 1),
        &(good.clone() + "x"),
    ] {
        fs::write(&stored, bad).unwrap();
        let directory = Directory::open(&folder.0.path().join("data")).unwrap();
        let refused = LeaseKeys::open(&directory, NOW).unwrap_err();
        assert_eq!(refused.code().id, "state.key");
        assert_eq!(fs::read_to_string(&stored).unwrap(), *bad);
    }
}

#[test]
fn a_revoked_key_is_gone_in_every_stage_and_after_opening_again() {
    let folder = Folder::new();
    let (directory, keys) = folder.open(NOW);
    let from = NOW.plus(LEASE_KEY_LEAD);
    assert_eq!(keys.rotate(&directory, from).unwrap(), Rotation::Done);
    let [current, next, previous] = kids(&keys)[..] else { panic!("three keys") };
    let revoke = |kid: KeyId| keys.revoke(&directory, &kid.to_string(), from).unwrap();

    assert!(revoke(previous));
    assert_eq!(kids(&keys), [current, next]);
    assert!(revoke(next));
    let [still, other] = kids(&keys)[..] else { panic!("two keys") };
    assert!(still == current && other != next);
    assert!(revoke(current));
    let [signs, last] = kids(&keys)[..] else { panic!("two keys") };
    assert_eq!(signs, other, "the next one signs at once");
    assert_eq!(keys.ring().signer().kid(), &other);
    assert!(![current, next, previous, other].contains(&last));
    assert!(!revoke(current), "it is not listed any more");
    drop((directory, keys));
    assert_eq!(kids(&folder.open(from).1), [signs, last]);
}
