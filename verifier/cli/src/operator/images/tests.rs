//! What is sent of a document, and what is refused before anything is.

use std::path::{Path, PathBuf};

use cloister_api::v1::{AdmitImageRequest, Image};
use cloister_attestation::bytes::{Digest48, HostData};
use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::corim::{ImageRim, PublisherSigningKey, Validity};
use cloister_attestation::key::SigningKey;
use cloister_attestation::reference::{LaunchShape, ReferenceValues};
use cloister_attestation::time::UnixTime;

use super::{request, resolve};
use crate::arguments::{AdmitArguments, ConnectionArguments};

#[test]
fn a_tuple_is_named_by_digits_that_begin_no_other() {
    let image = |tuple: &str| Image { tuple: tuple.to_owned(), ..Image::default() };
    let known = [image("aa11"), image("aa22"), image("bb33")];
    assert_eq!(resolve(&known, "b").unwrap(), "bb33");
    assert_eq!(resolve(&known, "aa22").unwrap(), "aa22");
    for unusable in ["aa", "cc", ""] {
        assert!(resolve(&known, unusable).is_err(), "{unusable}");
    }
}

const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

fn rim() -> ImageRim {
    let shape = LaunchShape::Snp {
        measurement: Digest48::sha384(b"launch"),
        host_data: HostData::new([0; 32]),
    };
    ImageRim {
        values: ReferenceValues {
            image: "translator".to_owned(),
            version: "1.0.0".to_owned(),
            manifest: Digest48::sha384(b"manifest"),
            shapes: vec![shape],
        },
        revision: 0,
        replaces: Vec::new(),
        validity: Validity { not_before: None, not_after: NOW },
    }
}

/// What `image admit` would send of these bytes, or the code of what it says instead.
fn sent(
    bytes: &[u8],
    publisher: Option<&Path>,
    overlap: Option<&str>,
    now: UnixTime,
) -> Result<AdmitImageRequest, &'static str> {
    let arguments = AdmitArguments {
        connection: ConnectionArguments::default(),
        file: PathBuf::new(),
        publisher: publisher.map(Path::to_owned),
        overlap: overlap.map(|text| text.parse().unwrap()),
    };
    request(bytes.to_vec(), &arguments, now).map_err(|error| error.code().id)
}

fn publisher(folder: &Path) -> (PublisherSigningKey, PathBuf) {
    let key = SigningKey::generate().unwrap();
    let path = folder.join(key.public().thumbprint().to_string());
    std::fs::write(&path, key.public().to_pem()).unwrap();
    (key.into(), path)
}

#[test]
fn a_corim_is_admitted_if_the_named_publisher_signed_it_and_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let (key, pem) = publisher(folder.path());
    let (_, stranger) = publisher(folder.path());
    let (signed, unsigned) = (rim().sign(&key, "images").unwrap(), rim().encode().unwrap());
    let json = serde_json::to_vec(&rim().values).unwrap();
    let corim = sent(&signed, Some(&pem), None, NOW).unwrap();
    assert_eq!((&corim.reference_values, corim.admitted_until), (&json, NOW.as_secs()));
    let document = sent(&json, None, None, NOW).unwrap();
    assert_eq!((&document.reference_values, document.admitted_until), (&json, 0));
    let later = UnixTime::from_secs(NOW.as_secs() + 1);
    for (bytes, publisher, now, code) in [
        (&signed, Some(&stranger), NOW, "corim.signature"),
        (&signed, Some(&pem), later, "corim.validity"),
        (&signed, None, NOW, "cli.settings"),
        (&unsigned, Some(&pem), NOW, "corim.unsigned"),
        (&unsigned, None, NOW, "reference.malformed"),
        (&json, Some(&pem), NOW, "corim.malformed"),
        (&signed, Some(&PathBuf::from("/nowhere/at/all")), NOW, "cli.file"),
    ] {
        let refused = sent(bytes, publisher.map(PathBuf::as_path), None, now);
        assert_eq!(refused.unwrap_err(), code);
    }
}

#[test]
fn an_overlap_is_stated_where_something_is_replaced_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let (key, pem) = publisher(folder.path());
    let replaces = vec!["0.9.0".to_owned()];
    let newer = ImageRim { replaces: replaces.clone(), ..rim() }.sign(&key, "images").unwrap();
    for (overlap, secs) in [("10m", 600), ("0s", 0)] {
        let request = sent(&newer, Some(&pem), Some(overlap), NOW).unwrap();
        assert_eq!((request.replaces, request.overlap_secs), (replaces.clone(), secs));
    }
    let first = rim().sign(&key, "images").unwrap();
    let json = serde_json::to_vec(&rim().values).unwrap();
    for (bytes, publisher, overlap) in [
        (&newer, Some(pem.as_path()), None),
        (&first, Some(pem.as_path()), Some("10m")),
        (&json, None, Some("10m")),
    ] {
        assert_eq!(sent(bytes, publisher, overlap, NOW).unwrap_err(), "cli.settings");
    }
}
