//! Recorded conceptual message wrappers of other projects: none is an Evidence envelope of ours,
//! and each is told so.

use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::envelope::Envelope;

use crate::vectors;

#[test]
fn foreign_collections_and_records_are_refused_as_no_envelope() {
    for (case, names) in [
        (
            "cmw-veraison",
            &[
                "collection-cbor-ok.cbor",
                "collection-cbor-mixed-keys.cbor",
                "collection-ok.json",
                "x509-cert+cbor-cmw.der",
                "x509-cert+json-cmw.der",
            ][..],
        ),
        ("cmw-ietf-examples", &["cmw-example-1.json", "cmw-example-2.json"]),
    ] {
        let Some(case) = vectors::named("formats", case) else { return };
        for name in names {
            let refused = Envelope::decode(&case.file(name).unwrap()).unwrap_err();
            assert_eq!(refused.code().id, "envelope.malformed", "{name}: {refused}");
        }
    }
}
