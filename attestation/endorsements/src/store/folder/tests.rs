use std::fs;

use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::publication::Response;
use cloister_attestation::time::UnixTime;

use super::FolderStore;
use crate::store::{ContentStore as _, Entry};

fn entry(body: &[u8]) -> Entry {
    let response = Response { body: body.to_vec(), issuer_chain: Some("a%0Ab".to_owned()) };
    Entry { fetched_at: UnixTime::from_secs(1_800_000_000), response }
}

#[test]
fn what_is_kept_is_found_again_under_its_key_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(&folder.path().join("made")).unwrap();
    store.keep("a", &entry(b"first")).unwrap();
    store.keep("a", &entry(b"second")).unwrap();
    let reopened = FolderStore::open(&folder.path().join("made")).unwrap();
    assert_eq!(reopened.load("a").unwrap(), Some(entry(b"second")));
    assert_eq!(reopened.load("b").unwrap(), None);
    assert_eq!(fs::read_dir(folder.path().join("made")).unwrap().count(), 1);
}

#[test]
fn a_file_that_is_not_the_entry_of_its_name_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore::open(folder.path()).unwrap();
    store.keep("a", &entry(b"first")).unwrap();
    fs::copy(store.path("a"), store.path("b")).unwrap();
    assert_eq!(store.load("b").unwrap_err().code().id, "fetch.store.corrupt");
    fs::write(store.path("a"), "{").unwrap();
    assert_eq!(store.load("a").unwrap_err().code().id, "fetch.store.corrupt");
    fs::remove_file(store.path("a")).unwrap();
    fs::create_dir(store.path("a")).unwrap();
    assert_eq!(store.load("a").unwrap_err().code().id, "fetch.store");
}

#[test]
fn the_oldest_go_once_there_are_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let store = FolderStore { entries_max: 2, ..FolderStore::open(folder.path()).unwrap() };
    let epoch = std::time::SystemTime::UNIX_EPOCH;
    for (age, key) in ["a", "b"].iter().enumerate() {
        store.keep(key, &entry(key.as_bytes())).unwrap();
        let file = fs::File::options().write(true).open(store.path(key)).unwrap();
        let at = epoch + std::time::Duration::from_secs(u64::try_from(age).unwrap());
        file.set_modified(at).unwrap();
    }
    store.keep("c", &entry(b"c")).unwrap();
    assert_eq!(store.load("a").unwrap(), None);
    assert!(store.load("b").unwrap().is_some() && store.load("c").unwrap().is_some());
}
