//! The profile that images are published under: whole tuples of one image, and nothing beside.

use cloister_attestation::corim::{Corim, CorimError, ImageRim, PROFILE, TagId};
use cloister_attestation::reference::{LaunchShape, ReferenceSet, ReferenceValues};

use super::world::{behind, digest, rim};

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
    assert_eq!((comid.version, comid.links.len(), comid.references.len()), (4, 2, 4));
    assert!(comid.links.iter().all(|link| link.replaces));
    let models: Vec<_> =
        comid.references.iter().map(|it| it.environment.model.as_deref().unwrap()).collect();
    assert_eq!(models, ["snp", "tdx", "azure-snp", "azure-tdx"]);
    let counts: Vec<_> = comid.references.iter().map(|it| it.measurements.len()).collect();
    assert_eq!(counts, [4, 7, 5, 8], "everything of a tuple stands under one environment");
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
    // A guest is never taken for its paravisor, nor the reverse.
    for (at, bare) in [(2, 0), (3, 1)] {
        let without = |at: usize| {
            let shapes = rim().values.shapes;
            ImageRim {
                values: ReferenceValues { shapes: vec![shapes[at].clone()], ..rim().values },
                ..rim()
            }
        };
        let read = ImageRim::decode(&without(at).encode().unwrap()).unwrap();
        let set: ReferenceSet = read.values.tuples().collect();
        assert!(set.find(&rim().values.shapes[bare], digest("manifest")).is_none());
    }
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
        (b"iazure-snp", b"iazure-tdx"),
        (b"iazure-tdx", b"iasure-tdx"),
        (b"uparavisor_measurement", b"uparavisor-measurement"),
        (b"cpcr", b"ccpr"),
        // PCR 11 named before PCR 4, named twice, one that software resets; another hash.
        (&[0xa2, 0x04, 0x81, 0x82, 0x01], &[0xa2, 0x0c, 0x81, 0x82, 0x01]),
        (&[0x0b, 0x81, 0x82, 0x01, 0x58], &[0x10, 0x81, 0x82, 0x01, 0x58]),
        (&[0x0b, 0x81, 0x82, 0x01, 0x58], &[0x0b, 0x81, 0x82, 0x02, 0x58]),
        (&[0x0b, 0x81, 0x82, 0x01, 0x58], &[0x0b, 0x81, 0x82, 0x07, 0x58]),
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
    // A paravisor behind a paravisor.
    let mut nested = rim();
    let shape = nested.values.shapes[2].clone();
    nested.values.shapes[2] = behind(shape, 32);
    for rim in [empty, nameless, long, nested] {
        assert!(matches!(refused(&rim), CorimError::Profile { .. }), "{rim:?}");
    }
}
