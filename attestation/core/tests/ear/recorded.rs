//! Recorded samples of other projects, and one genuine machine.

use cloister_attestation::anchor::Anchors;
use cloister_attestation::ear::{Appraisal, Ear, TrustClaim};
use cloister_attestation::result::Tier;
use cloister_attestation::snp::{self, Endorsements, Report};
use cloister_attestation::time::UnixTime;
use cloister_attestation::verify::VerifiedEvidence;

use crate::vectors;

/// A verified report of a recorded Milan machine, and when it was recorded.
pub(crate) fn genuine_milan() -> Option<(VerifiedEvidence, UnixTime)> {
    let case = vectors::named("snp", "milan-v3-ms-teeav")?;
    let now = case.valid_at();
    let certificate =
        |name: &str| case.file(&format!("{name}.der")).or_else(|| case.pem(&format!("{name}.pem")));
    let endorsements = Endorsements {
        vek: certificate("vcek"),
        intermediate: certificate("ask"),
        root: certificate("ark"),
        crl: case.file("crl.der"),
    };
    let report = Report::parse(&case.file("report.bin").unwrap()).unwrap();
    let verified = snp::verify(report, &endorsements, &Anchors::vendor(), now).unwrap();
    Some((VerifiedEvidence::Snp(verified), now))
}

fn only(ear: &Ear) -> &Appraisal {
    let [(_, appraisal)] = ear.appraisals.as_slice() else { panic!("one submodule") };
    appraisal
}

#[test]
fn the_claim_sets_of_another_project_read() {
    let Some(case) = vectors::named("formats", "ear-veraison") else { return };
    let read = |name: &str| Ear::from_json(&case.file(name).unwrap()).unwrap();
    for name in ["ear-claims.json", "ear-claims-extension-ok.json"] {
        let ear = read(name);
        assert_eq!(only(&ear).status, Tier::Affirming);
        assert_eq!(only(&ear).policies.len(), 1, "{name}");
        assert_eq!(
            (ear.verifier.developer.as_str(), ear.issued_at.as_secs()),
            ("Acme Inc.", 1_666_091_373)
        );
        assert_eq!(only(&ear).facts, None);
    }
    assert_eq!(read("ear-claims-extension-ok.json").extensions.len(), 2);
    let ear = read("ear-claims-tv-ok.json");
    assert_eq!(only(&ear).vector.made().count(), 8);
    assert_eq!(only(&ear).vector.get(TrustClaim::Executables), 3);
    let ear = read("ear-claims-key-attestation-ok.json");
    assert_eq!(only(&ear).extensions, ["ear_veraison_key_attestation"]);
}

#[test]
fn the_drafts_examples_in_json_read() {
    let Some(case) = vectors::named("formats", "ear-ietf-examples") else { return };
    for (name, submodules, status) in [
        ("ear-json-1.diag", 1, Tier::Contraindicated),
        ("ear-json-2.diag", 2, Tier::Affirming),
        ("ext-teep-json-1.diag", 1, Tier::Contraindicated),
        ("ext-veraison-json-1.diag", 1, Tier::Contraindicated),
        ("ext-veraison-json-2.diag", 1, Tier::Affirming),
    ] {
        let ear = Ear::from_json(&case.file(name).unwrap()).unwrap();
        assert_eq!(ear.appraisals.len(), submodules, "{name}");
        assert!(ear.appraisals.iter().all(|(_, appraisal)| appraisal.status == status), "{name}");
    }
}

/// The draft's first example in CBOR, which it gives in diagnostic notation only.
#[test]
fn the_drafts_example_in_cbor_reads() {
    let mut e = minicbor::Encoder::new(Vec::new());
    e.map(5).unwrap();
    e.u16(265).unwrap().str("tag:ietf.org,2026:rats/ear#03").unwrap();
    e.u8(6).unwrap().u32(1_666_529_184).unwrap();
    e.u16(1004).unwrap().map(2).unwrap();
    e.u8(0).unwrap().str("https://veraison-project.org").unwrap();
    e.u8(1).unwrap().str("vts 0.0.1").unwrap();
    e.u16(1002).unwrap().bytes(b"lifebotaman").unwrap();
    e.u16(266).unwrap().map(1).unwrap().str("PSA").unwrap().map(3).unwrap();
    e.u16(1000).unwrap().u8(96).unwrap();
    e.u16(1001).unwrap().map(3).unwrap();
    e.u8(0).unwrap().u8(2).unwrap().u8(2).unwrap().u8(96).unwrap().u8(4).unwrap().u8(2).unwrap();
    e.u16(1003)
        .unwrap()
        .array(1)
        .unwrap()
        .str("https://veraison.example/policy/1/60a0068d")
        .unwrap();
    let ear = Ear::from_cbor(&e.into_writer()).unwrap();
    assert_eq!(only(&ear).status, Tier::Contraindicated);
    let made: Vec<_> = only(&ear).vector.made().collect();
    assert_eq!(
        made,
        [
            (TrustClaim::InstanceIdentity, 2),
            (TrustClaim::Executables, 96),
            (TrustClaim::Hardware, 2)
        ]
    );
    assert_eq!(ear.extensions, ["1002"], "raw evidence is not read");
}
