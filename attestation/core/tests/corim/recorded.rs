//! Recorded samples of another project.

use cloister_attestation::corim::{
    Comid, Corim, CorimError, ImageRim, MeasurementKey, SignedCorim, TagId,
};

use super::world::{NOW, key, publisher};
use crate::vectors;

#[test]
fn unsigned_samples_read_and_say_what_is_not_read() {
    let samples = [
        ("corim-veraison", "corim-1.cbor", 1, 0),
        ("corim-veraison", "corim-2.cbor", 3, 1),
        ("corim-veraison", "corim-roles.cbor", 1, 0),
        ("corim-veraison-2", "corim-design-cd.cbor", 4, 2),
        ("corim-veraison-2", "corim-firmware-cd.cbor", 2, 1),
    ];
    for (case, name, references, others) in samples {
        let Some(case) = vectors::named("formats", case) else { return };
        let bytes = case.file(name).unwrap();
        let corim = Corim::parse(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let [comid] = corim.comids.as_slice() else { panic!("{name}: one comid") };
        assert!(matches!(comid.id, TagId::Uuid(_)), "{name}");
        assert_eq!(comid.references.len(), references, "{name}");
        let triples = comid.not_read.iter().filter(|it| it.starts_with("triples")).count();
        assert_eq!(triples, usize::from(others > 0), "{name}: {:?}", comid.not_read);
        let refused = ImageRim::decode(&bytes).unwrap_err();
        assert!(matches!(refused, CorimError::Profile { .. }), "{name}: {refused}");
    }
}

#[test]
fn firmware_samples_have_their_versions_and_digests() {
    let Some(case) = vectors::named("formats", "corim-veraison-2") else { return };
    let corim = Corim::parse(&case.file("corim-firmware-cd.cbor").unwrap()).unwrap();
    let reference = &corim.comids[0].references[0];
    let environment = &reference.environment;
    assert_eq!(environment.vendor.as_deref(), Some("fwmfginc.example"));
    assert_eq!((environment.layer, environment.index), (Some(0), Some(0)));
    assert_eq!(reference.measurements[0].svn, Some(1));
    assert_eq!(reference.measurements[0].digests[0].sha384().map(<[u8]>::len), Some(48));
}

#[test]
fn registers_of_a_sample_read_by_number_and_by_name() {
    let Some(case) = vectors::named("formats", "comid-tdx-veraison") else { return };
    let comid = Comid::parse(&case.file("comid-integrity-registers.cbor").unwrap()).unwrap();
    let registers = &comid.references[0].measurements[0].registers;
    let names: Vec<&str> = registers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["0", "my-ir"]);
    assert_eq!(registers[0].1[1].algorithm, "my-alg-id");
}

#[test]
fn concise_evidence_is_refused_for_what_it_is() {
    let Some(case) = vectors::named("formats", "comid-tdx-veraison") else { return };
    for name in ["ce-pce-evidence.cbor", "ce-qe-evidence.cbor", "ce-seam-evidence.cbor"] {
        let bytes = case.file(name).unwrap();
        let expected = CorimError::Kind { found: "concise evidence".to_owned() };
        assert_eq!(Corim::parse(&bytes).unwrap_err(), expected, "{name}");
        assert_eq!(Comid::parse(&bytes).unwrap_err(), expected, "{name}");
    }
}

#[test]
fn signed_samples_read_and_are_admitted_by_no_key_that_did_not_sign_them() {
    let samples = [
        ("corim-veraison", "signed-good-corim.cbor"),
        ("corim-veraison", "signed-example-corim.cbor"),
        ("corim-veraison-2", "signed-corim-with-extensions.cbor"),
    ];
    let stranger = publisher(&key());
    for (case, name) in samples {
        let Some(case) = vectors::named("formats", case) else { return };
        let signed = SignedCorim::parse(&case.file(name).unwrap()).unwrap();
        assert_eq!(signed.signer(), "ACME Ltd signing key");
        let corim = signed.dangerous_unverified().unwrap();
        assert_eq!(corim.id, TagId::Text("test corim id".to_owned()));
        let measurements = &corim.comids[0].references[0].measurements;
        assert_eq!(measurements.len(), 3, "{name}");
        assert!(matches!(measurements[0].key, Some(MeasurementKey::Bytes(_))));
        let extended = name != "signed-good-corim.cbor";
        assert_eq!(!measurements[0].not_read.is_empty(), extended, "{name}");
        assert_eq!(signed.verified_by(&stranger, NOW).unwrap_err(), CorimError::Signature);
    }
}
