//! The data folder: made once, read ever after, refused where others can read it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::time::UnixTime;
use cloister_attestation::x509::pem;

use super::{Directory, Keys, StateError, files};

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

fn open(data: &Path, trust_domain: &str) -> Result<(Directory, Keys), StateError> {
    let directory = Directory::open(data)?;
    let domain = trust_domain.parse().unwrap();
    let keys = Keys::open(&directory, &domain, Duration::from_secs(120), NOW)?;
    Ok((directory, keys))
}

fn refused(data: &Path, trust_domain: &str) -> &'static str {
    open(data, trust_domain).unwrap_err().code().id
}

#[test]
fn secrets_are_made_once_and_only_their_owner_can_read_them() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (directory, first) = open(&data, "example.org").unwrap();
    assert_eq!(fs::metadata(&data).unwrap().mode() & 0o777, 0o700);
    for name in [files::AUTHORITY_KEY, files::LEASE_KEYS, files::CHALLENGE_KEY, files::TOKEN] {
        assert_eq!(fs::metadata(data.join(name)).unwrap().mode() & 0o777, 0o600, "{name}");
    }
    let challenge = first.challenges.issue(NOW).unwrap();
    drop(directory);
    let (_directory, second) = open(&data, "example.org").unwrap();
    assert_eq!(second.authority.certificate(), first.authority.certificate());
    assert_eq!(second.leases.ring().listed(), first.leases.ring().listed());
    assert!(second.challenges.check(&challenge.nonce, NOW).is_ok());
    let token = fs::read_to_string(data.join(files::TOKEN)).unwrap();
    assert!(second.operator.matches(token.trim().as_bytes()));
    assert!(!second.operator.matches(&token.trim().as_bytes()[1..]));
    assert!(!second.operator.matches(b""));
}

#[test]
fn a_folder_or_secret_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    drop(open(&data, "example.org").unwrap());
    fs::set_permissions(&data, Permissions::from_mode(0o750)).unwrap();
    assert_eq!(refused(&data, "example.org"), "state.permissions");
    fs::set_permissions(&data, Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(data.join(files::LEASE_KEYS), Permissions::from_mode(0o604)).unwrap();
    assert_eq!(refused(&data, "example.org"), "state.permissions");
}

#[test]
fn the_databases_file_is_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(&folder.path().join("data")).unwrap();
    let path = directory.reserve(files::DATABASE).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    fs::write(&path, b"kept").unwrap();
    directory.reserve(files::DATABASE).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"kept");
}

#[test]
fn a_second_process_is_kept_out() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let _held = open(&data, "example.org").unwrap();
    assert_eq!(refused(&data, "example.org"), "state.in_use");
}

#[test]
fn another_trust_domain_or_key_does_not_take_over_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    drop(open(&data, "example.org").unwrap());
    assert_eq!(refused(&data, "example.com"), "state.authority");
    fs::remove_file(data.join(files::AUTHORITY_KEY)).unwrap();
    assert_eq!(refused(&data, "example.org"), "state.authority");
}

#[test]
fn damaged_secrets_are_refused_and_not_replaced() {
    for name in [files::AUTHORITY_KEY, files::LEASE_KEYS, files::CHALLENGE_KEY, files::TOKEN] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        drop(open(&data, "example.org").unwrap());
        let path = data.join(name);
        let whole = fs::read(&path).unwrap();
        let cut = &whole[..whole.len() / 3];
        fs::write(&path, cut).unwrap();
        assert_eq!(refused(&data, "example.org"), "state.key", "{name}");
        assert_eq!(fs::read(&path).unwrap(), cut, "{name}");
    }
}

#[test]
fn what_a_crash_left_behind_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    drop(Directory::open(&data).unwrap());
    fs::write(data.join(format!(".{}.new", files::LEASE_KEYS)), b"half a k").unwrap();
    assert!(open(&data, "example.org").is_ok());
}

#[test]
fn the_published_certificate_is_the_issuers() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (_directory, keys) = open(&data, "example.org").unwrap();
    let text = fs::read_to_string(data.join(files::TRUST)).unwrap();
    let published = pem::certificates(&text).unwrap();
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].as_der(), keys.authority.certificate());
    assert!(published[0].verify_signed_by(&published[0]).is_ok());
    assert!(published[0].valid_at(NOW).is_ok());
}
