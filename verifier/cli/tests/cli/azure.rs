//! A folder with Evidence from an Azure confidential VM.

use std::path::Path;

use cloister_attestation::bytes::{Digest48, HostData};
use cloister_attestation::reference::LaunchShape;
use cloister_attestation::snp::Product;
use cloister_simulator::{AzureGuest, SnpGuest};
use serde_json::json;

use crate::program::cloister;
use crate::simulated::{AT, Case, image, pki, references, report_data};

/// A guest of [`image`] behind Azure's paravisor, on SEV-SNP.
pub(crate) fn azure() -> Case {
    let measurement = Digest48::sha384(b"paravisor");
    let paravisor = SnpGuest::new(&pki(), Product::Milan).with_measurement(measurement);
    let guest = AzureGuest::booted(&pki(), paravisor.clone().into(), &image());
    let evidence = guest.evidence(&report_data());
    let case = Case::new();
    case.put("evidence/hcl_report.bin", &evidence.vtpm.hcl_report);
    case.put("evidence/tpm_quote.bin", &evidence.vtpm.quote);
    case.put("evidence/tpm_signature.bin", &evidence.vtpm.signature);
    case.put("evidence/pcrs.bin", &evidence.vtpm.pcrs);
    case.put("evidence/vcek.der", &paravisor.vek());
    case.put("evidence/ask.der", &paravisor.intermediate());
    case.put("evidence/ark.der", &paravisor.root());
    let measured = LaunchShape::Snp { measurement, host_data: HostData::new([0; 32]) };
    let mut values = references(&image());
    values.shapes = vec![guest.shape(measured, &[4, 7, 9, 11, 12])];
    case.put("image.json", &serde_json::to_vec(&values).unwrap());
    case
}

#[test]
fn the_admitted_guest_behind_the_admitted_paravisor_is_acceptable() {
    let case = azure();
    let bound = report_data().to_string();
    let (image, option) = (case.path("image.json"), Path::new("--reference"));
    let run = case.verify(&[option, &image, Path::new("--report-data"), Path::new(&bound)]);
    let verdict = run.json();
    assert_eq!(run.exit, 0, "{verdict}");
    assert_eq!((&verdict["tee"], &verdict["route"]), (&json!("snp"), &json!("azure_vtpm")));
    assert_eq!(verdict["stages"]["appraise"], json!("warning"), "a simulator");
}

/// A folder of Evidence has no manifest of its own: that of the image that was launched counts,
/// wherever it stands among the admitted ones.
#[test]
fn the_image_is_found_among_others_by_the_pcrs_that_it_names() {
    use cloister::evidence::folder::Folder;
    use cloister::evidence::{Demands, judge};
    use cloister_attestation::anchor::Anchors;
    use cloister_attestation::policy::Policy;
    use cloister_attestation::reference::ReferenceValues;
    use cloister_attestation::time::UnixTime;

    let case = azure();
    let file = std::fs::read(case.path("image.json")).unwrap();
    let launched = ReferenceValues::from_json(&file).unwrap();
    let mut other = references(&image());
    other.manifest = Digest48::sha384(b"another manifest");
    let mut demands = Demands::strict(UnixTime::parse_rfc3339(AT).unwrap());
    demands.anchors = Anchors::dangerous_simulator(pki().anchor());
    demands.policy = Policy::strict_for_simulator(pki().anchor().fingerprint());
    demands.references = vec![other, launched];
    let folder = Folder::open(&case.path("evidence")).unwrap();
    let result = judge(&folder, &demands).result.unwrap();
    assert!(result.admits(), "{:?}", result.failures().collect::<Vec<_>>());
}

#[test]
fn another_binding_is_refused() {
    let other = "00".repeat(64);
    let run = azure().verify(&[Path::new("--report-data"), Path::new(&other)]);
    assert_eq!(run.exit, 2);
    assert!(run.stdout.contains("binding.report_data"), "{}", run.stdout);
}

#[test]
fn one_changed_bit_in_any_part_is_refused() {
    for (name, at) in [
        ("hcl_report.bin", 40),
        ("hcl_report.bin", 1300),
        ("tpm_quote.bin", 50),
        ("tpm_signature.bin", 100),
        ("pcrs.bin", 4 * 32),
    ] {
        let run = azure().flipped(name, at).verify(&[]);
        assert_eq!(run.exit, 2, "byte {at} of {name}: {}", run.stdout);
    }
}

#[test]
fn an_hcl_report_without_its_quote_is_no_conclusion() {
    for name in ["tpm_quote.bin", "tpm_signature.bin", "pcrs.bin"] {
        let run = azure().without(name).verify(&[]);
        assert_eq!(run.exit, 3, "{name}");
        assert!(run.stdout.contains("without a quote"), "{}", run.stdout);
    }
}

#[test]
fn inspection_shows_paravisor_and_pcrs() {
    let case = azure();
    let folder = case.path("evidence");
    let run = cloister(["evidence", "inspect", folder.to_str().unwrap(), "--json"]);
    let fields = &run.json()["fields"];
    assert_eq!(fields["pcr_bank"], json!("sha256"));
    assert_eq!(fields["secure_boot"], json!("true"));
    assert!(fields["measurement"].is_string() && fields["pcrs"].is_string(), "{fields}");
}
