//! From files to what a Verifier compares.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::reference::{LaunchShape, ReferenceSet, ReferenceValues};
use cloister_attestation::snp::Product;
use cloister_attestation::verify::VerifiedEvidence;
use cloister_attestation::{snp, tdx};
use cloister_simulator::{Guest, ImageFiles, ProcessImage, reference_values};

use crate::support::{REPORT_DATA, anchors, now, pki};

fn image(directory: &std::path::Path) -> ProcessImage {
    let file = |name: &str| {
        let path = directory.join(name);
        if !path.exists() {
            std::fs::write(&path, name).unwrap();
        }
        path
    };
    let files = ImageFiles {
        runtime: file("runtime"),
        agent: file("agent"),
        policy: file("policy"),
        manifest: file("manifest"),
    };
    ProcessImage::measure(&files).unwrap()
}

fn launched(guest: &Guest) -> LaunchShape {
    let evidence = guest.evidence(&REPORT_DATA);
    LaunchShape::observed(&match guest {
        Guest::Snp(snp_guest) => {
            let report = snp::Report::parse(&evidence).unwrap();
            VerifiedEvidence::Snp(
                snp::verify(report, &snp_guest.endorsements(), &anchors(), now()).unwrap(),
            )
        }
        Guest::Tdx(tdx_guest) => {
            let quote = tdx::Quote::parse(&evidence).unwrap();
            VerifiedEvidence::Tdx(
                tdx::verify(quote, &tdx_guest.collateral(), &anchors(), now()).unwrap(),
            )
        }
    })
}

fn guests(image: &ProcessImage) -> Vec<Guest> {
    let snp = Product::ALL.map(|product| Guest::snp(&pki(), product, image));
    snp.into_iter().chain([Guest::tdx(&pki(), image)]).collect()
}

#[test]
fn every_platform_matches_the_reference_values_of_its_image_and_of_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let admitted = image(directory.path());
    let manifest = Digest48::sha384(b"manifest");
    let values = reference_values(&admitted, "translator", "1", manifest);
    let set: ReferenceSet = values.tuples().collect();
    for guest in guests(&admitted) {
        assert!(set.find(&launched(&guest), manifest).is_some());
    }
    for changed in ["runtime", "agent", "policy", "manifest"] {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(changed), "tampered").unwrap();
        for guest in guests(&image(directory.path())) {
            assert!(set.find(&launched(&guest), manifest).is_none(), "{changed}");
        }
    }
}

#[test]
fn reference_values_read_back_from_their_document() {
    let directory = tempfile::tempdir().unwrap();
    let values =
        reference_values(&image(directory.path()), "translator", "1", Digest48::sha384(b"m"));
    let document = serde_json::to_vec(&values).unwrap();
    assert_eq!(ReferenceValues::from_json(&document).unwrap(), values);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let missing = std::path::PathBuf::from("/nonexistent/agent");
    let files = ImageFiles {
        runtime: missing.clone(),
        agent: missing.clone(),
        policy: missing.clone(),
        manifest: missing,
    };
    let error = ProcessImage::measure(&files).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/agent"), "{error}");
}
