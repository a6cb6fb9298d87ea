//! The profile that images are published under: whole tuples of one image, and nothing beside.

use cloister_attestation::corim::{Corim, CorimError, ImageRim, PROFILE, TagId};
use cloister_attestation::reference::{LaunchShape, ReferenceSet};

use super::world::{digest, rim};

fn refused(rim: &ImageRim) -> CorimError {
    rim.encode().unwrap_err()
}

/// The encoding with one run of bytes, which is there once, put in another's place.
fn with(from: &[u8], to: &[u8]) -> Result<ImageRim, CorimError> {
    assert_eq!(from.len(), to.len(), "lengths inside stay as they are");
    let bytes = rim().encode().unwrap();
    let at: Vec<usize> =
        (0..=bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert!(!at.is_empty());
    let mut changed = bytes;
    changed[at[0]..at[0] + to.len()].copy_from_slice(to);
    ImageRim::decode(&changed)
}

#[test]
fn anybody_can_read_what_is_in_it() {
    let corim = Corim::parse(&rim().encode().unwrap()).unwrap();
    assert_eq!(corim.profile.as_deref(), Some(PROFILE));
    assert_eq!(corim.id, TagId::Text("translator/1.2.0".to_owned()));
    assert_eq!(corim.not_read, Vec::<String>::new());
    let [comid] = corim.comids.as_slice() else { panic!("one comid") };
    assert_eq!((comid.version, comid.links.len(), comid.references.len()), (4, 2, 2));
    assert!(comid.links.iter().all(|link| link.replaces));
    let models: Vec<_> =
        comid.references.iter().map(|it| it.environment.model.as_deref().unwrap()).collect();
    assert_eq!(models, ["snp", "tdx"]);
    let counts: Vec<_> = comid.references.iter().map(|it| it.measurements.len()).collect();
    assert_eq!(counts, [4, 7], "everything of a tuple stands under one environment");
}

#[test]
fn tuples_match_whole_after_the_journey() {
    let read = ImageRim::decode(&rim().encode().unwrap()).unwrap();
    let set: ReferenceSet = read.values.tuples().collect();
    for shape in &rim().values.shapes {
        assert!(set.find(shape, digest("manifest")).is_some());
        assert!(set.find(shape, digest("another")).is_none());
    }
    let LaunchShape::Snp { measurement, .. } = rim().values.shapes[0].clone() else { panic!() };
    let host_data = cloister_attestation::bytes::HostData::new([4; 32]);
    assert!(set.find(&LaunchShape::Snp { measurement, host_data }, digest("manifest")).is_none());
}

#[test]
fn refuses_another_profile_vendor_model_image_and_algorithm() {
    for (from, to) in [
        (&b"corim/1"[..], &b"corim/2"[..]),
        (b"hcloister", b"hcloistar"),
        (b"csnp", b"csgx"),
        (b"kmeasurement", b"kmeasuremenT"),
        (b"jtranslator", b"jtranslatoR"),
        (b"\x01\xa1\x02\x81\x82\x07", b"\x01\xa1\x02\x81\x82\x01"),
        (b"translator/1.1.0", b"translation1.1.0"),
    ] {
        let refused = with(from, to).unwrap_err();
        assert!(matches!(refused, CorimError::Profile { .. }), "{from:02x?}: {refused}");
    }
}

#[test]
fn refuses_values_that_no_document_may_have() {
    let mut empty = rim();
    empty.values.shapes.clear();
    let mut nameless = rim();
    nameless.values.image = String::new();
    let mut long = rim();
    long.values.version = "1".repeat(129);
    for rim in [empty, nameless, long] {
        assert!(matches!(refused(&rim), CorimError::Profile { .. }), "{rim:?}");
    }
}
