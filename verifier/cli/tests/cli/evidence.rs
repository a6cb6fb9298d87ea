//! `cloister evidence` on generated evidence.

use std::path::Path;

use cloister_attestation::bytes::Digest48;
use serde_json::{Value, json};

use crate::program::cloister;
use crate::simulated::{AT, Case, image, references, report_data};

/// Names of the checks that failed.
fn failed(verdict: &Value) -> Vec<&str> {
    let checks = verdict["checks"].as_array().unwrap();
    checks
        .iter()
        .filter(|check| check["state"] == "fail")
        .map(|check| check["id"].as_str().unwrap())
        .collect()
}

#[test]
fn the_verdict_has_the_promised_shape() {
    let run = Case::tdx().verify(&[]);
    let verdict = run.json();
    assert_eq!(run.stderr, "");
    assert_eq!(verdict["tee"], "tdx");
    assert_eq!(verdict["version"], 4);
    assert!(verdict["product"].as_str().unwrap().starts_with("fmspc "));
    assert_eq!(verdict["stages"], json!({ "parse": "ok", "verify": "ok", "appraise": null }));
    assert_eq!(verdict["tcb_status"], "UpToDate");
    assert_eq!(verdict["simulated"], true);
    for check in verdict["checks"].as_array().unwrap() {
        let fields: Vec<&str> = check.as_object().unwrap().keys().map(String::as_str).collect();
        for field in ["id", "state", "expected", "observed", "spec", "remedy"] {
            assert!(check[field].is_string(), "{check}");
        }
        assert_eq!(fields.len(), 6, "{check}");
    }
}

#[test]
fn evidence_without_reference_values_is_acceptable_and_says_what_was_not_judged() {
    for case in [Case::tdx(), Case::snp()] {
        let run = case.verify(&[]);
        let verdict = run.json();
        assert_eq!(run.exit, 0, "{verdict}");
        assert_eq!(verdict["stages"]["appraise"], Value::Null);
        let not_asserted = verdict["not_asserted"].as_array().unwrap();
        assert!(not_asserted.contains(&json!("reference.match")), "{verdict}");
        assert!(not_asserted.contains(&json!("binding.report_data")), "{verdict}");
    }
}

#[test]
fn the_image_that_is_expected_reaches_a_tier_and_simulated_evidence_never_the_highest() {
    for case in [Case::tdx(), Case::snp()] {
        let run = case.verify(&[Path::new("--reference"), &case.path("image.json")]);
        assert_eq!((run.exit, &run.json()["stages"]["appraise"]), (0, &json!("warning")));
    }
}

#[test]
fn refuses_another_image() {
    for case in [Case::tdx(), Case::snp()] {
        let mut other = image();
        other.agent = Digest48::sha384(b"one byte changed");
        case.put("other.json", &serde_json::to_vec(&references(&other)).unwrap());
        let run = case.verify(&[Path::new("--reference"), &case.path("other.json")]);
        let verdict = run.json();
        assert_eq!((run.exit, &verdict["stages"]["appraise"]), (2, &json!("contraindicated")));
        assert_eq!(failed(&verdict), ["reference.match"]);
    }
}

#[test]
fn refuses_report_data_made_for_something_else() {
    let case = Case::tdx();
    let right = report_data().to_string();
    let wrong = right.replacen("07", "08", 1);
    let option = Path::new("--report-data");
    assert_eq!(case.verify(&[option, Path::new(&right)]).exit, 0);
    let run = case.verify(&[option, Path::new(&wrong)]);
    assert_eq!((run.exit, failed(&run.json())), (2, vec!["binding.report_data"]));
}

#[test]
fn refuses_a_simulator_where_hardware_is_demanded() {
    for case in [Case::tdx(), Case::snp()] {
        let run = case.verify_as_is(&[]);
        let verdict = run.json();
        assert_eq!(run.exit, 2, "{verdict}");
        assert_eq!(verdict["simulated"], false);
        assert_ne!(verdict["stages"]["verify"], "ok");
    }
}

#[test]
fn refuses_evidence_with_any_one_bit_changed() {
    let changed =
        [Case::snp().flipped("report.bin", 0x90), Case::tdx().flipped("quote.bin", 48 + 136)];
    for (case, code) in changed.iter().zip(["snp.signature", "tdx.quote.signature"]) {
        let run = case.verify(&[]);
        assert_eq!((run.exit, &run.json()["stages"]["verify"]), (2, &json!(code)));
        assert_eq!(failed(&run.json()), [code]);
    }
}

#[test]
fn refuses_what_does_not_parse_before_looking_at_anything_else() {
    let case = Case::snp();
    case.put("evidence/report.bin", &[0; 1183]);
    let run = case.verify(&[]);
    let verdict = run.json();
    assert_eq!(run.exit, 2);
    assert_eq!(verdict["stages"]["parse"], "snp.report.length");
    assert_eq!((&verdict["version"], &verdict["product"]), (&Value::Null, &Value::Null));
    assert_eq!(failed(&verdict), ["snp.report.length"]);
}

#[test]
fn refuses_an_endorsement_that_is_not_one() {
    let case = Case::tdx();
    case.put("evidence/collateral.json", b"{}x");
    let run = case.verify(&[]);
    assert_eq!((run.exit, failed(&run.json()).len()), (2, 1));
    let case = Case::snp().without("ask.der");
    case.put("evidence/ask.pem", b"-----BEGIN NONSENSE-----");
    assert_eq!(case.verify(&[]).exit, 2);
}

#[test]
fn names_what_is_missing_and_concludes_nothing() {
    for case in [Case::snp().without("vcek.der"), Case::tdx().without("collateral.json")] {
        let run = case.verify(&[]);
        let verdict = run.json();
        assert_eq!(
            (run.exit, &verdict["stages"]["verify"]),
            (3, &json!("incomplete")),
            "{verdict}"
        );
        assert!(!verdict["missing"][0]["what"].as_str().unwrap().is_empty());
        assert_eq!(failed(&verdict), Vec::<&str>::new());
    }
}

#[test]
fn good_certificates_without_a_report_are_no_conclusion() {
    let case = Case::snp().without("report.bin");
    let run = case.verify(&[]);
    let verdict = run.json();
    assert_eq!((run.exit, &verdict["subject"]), (3, &json!("endorsements")));
    assert_eq!(
        (&verdict["stages"]["verify"], &verdict["product"]),
        (&json!("ok"), &json!("Milan"))
    );
    let run = case.flipped("ask.der", 200).verify(&[]);
    assert_eq!(run.exit, 2, "{}", run.stdout);
}

#[test]
fn a_policy_file_replaces_the_built_in_one() {
    let case = Case::tdx();
    case.put("policy.toml", b"anchors = \"vendor\"\n");
    let run = case.verify(&[Path::new("--policy"), &case.path("policy.toml")]);
    assert_eq!((run.exit, failed(&run.json())), (2, vec!["appraise.anchor", "appraise.tee"]));
    case.put("policy.toml", b"anchors = \"vendor\"\nsnpp = 1\n");
    let run = case.verify(&[Path::new("--policy"), &case.path("policy.toml")]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (1, &json!("policy.malformed")));
}

#[test]
fn misuse_is_one_and_says_what_to_do() {
    let case = Case::tdx();
    let folder = case.path("evidence");
    let folder = folder.to_str().unwrap();
    for (words, id) in [
        (vec!["evidence", "verify", "/nowhere/at/all"], "cli.file"),
        (vec!["evidence", "verify", folder, "--at", "yesterday"], "cli.time"),
        (vec!["evidence", "verify", folder, "--reference", "/nowhere"], "cli.file"),
        (vec!["evidence", "verify", folder, "--simulator-anchor", folder], "cli.file"),
        (vec!["evidence", "inspect", env!("CARGO_MANIFEST_DIR")], "cli.folder"),
    ] {
        let run = cloister(words.iter().chain(&["--json"]));
        assert_eq!((run.exit, &run.json()["error"]["id"]), (1, &json!(id)), "{words:?}");
        let run = cloister(&words);
        assert_eq!((run.exit, run.stdout.as_str()), (1, ""));
        assert!(run.stderr.contains("help:") && run.stderr.contains(id), "{}", run.stderr);
    }
    for words in [
        vec![],
        vec!["evidence"],
        vec!["evidence", "verify", folder, "--att", AT],
        vec!["nonsense"],
    ] {
        let run = cloister(&words);
        assert_eq!((run.exit, run.stdout.as_str()), (1, ""), "{words:?}");
        assert!(run.stderr.contains("Usage"), "{}", run.stderr);
    }
}

#[test]
fn a_folder_with_two_kinds_of_evidence_is_misuse() {
    let case = Case::tdx();
    case.put("evidence/report.bin", &[0; 1184]);
    let run = case.verify(&[]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (1, &json!("cli.folder")));
}

#[test]
fn inspect_shows_the_fields_and_calls_them_unverified() {
    let case = Case::snp().flipped("report.bin", 0x90);
    let report = case.path("evidence/report.bin");
    let run = cloister(["evidence", "inspect", "--json", report.to_str().unwrap()]);
    let shown = run.json();
    assert_eq!((run.exit, &shown["verified"]), (0, &json!(false)));
    assert_eq!(shown["fields"]["report_data"], report_data().to_string());
    let run = cloister(["evidence", "inspect", report.to_str().unwrap()]);
    assert!(run.stdout.contains("nothing of it is verified"), "{}", run.stdout);
    let case = Case::tdx();
    let run = cloister(["evidence", "inspect", "--json", case.path("evidence").to_str().unwrap()]);
    assert_eq!(run.json()["fields"]["mr_td"], image().mr_td().to_string());
}
