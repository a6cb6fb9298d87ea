//! `cloister explain`, `doctor`.

use serde_json::json;

use crate::program::cloister;

#[test]
fn codes_of_libraries_and_of_programs_are_explained() {
    // One of the core, one of this program, and one of a program that this one does not link.
    for code in ["snp.chain.root", "cli.file", "node.bind"] {
        let run = cloister(["explain", code, "--json"]);
        assert_eq!((run.exit, &run.json()["id"]), (0, &json!(code)));
        let run = cloister(["explain", code]);
        assert!(run.stdout.contains("what to do"), "{}", run.stdout);
    }
}

#[test]
fn the_list_holds_codes_of_every_part() {
    let run = cloister(["explain", "--json"]);
    let listed = run.json();
    let ids: Vec<&str> =
        listed.as_array().unwrap().iter().map(|code| code["id"].as_str().unwrap()).collect();
    for part in ["snp.", "tdx.", "x509.", "cli.", "policy.", "node.", "service.", "gateway."] {
        assert!(ids.iter().any(|id| id.starts_with(part)), "no code begins with {part}: {ids:?}");
    }
}

#[test]
fn a_code_that_does_not_exist_is_misuse_with_suggestions() {
    let run = cloister(["explain", "snp.chain.rot"]);
    assert_eq!((run.exit, run.stdout.as_str()), (1, ""));
    assert!(run.stderr.contains("snp.chain.root"), "{}", run.stderr);
}

#[test]
fn doctor_says_that_a_machine_without_a_tee_gives_no_evidence_and_what_would_mend_it() {
    let empty = tempfile::tempdir().unwrap();
    let root = empty.path().join("tsm");
    let run = cloister(["doctor", "--json", "--tsm-root", root.to_str().unwrap()]);
    let found = run.json();
    let findings = found["findings"].as_array().unwrap();
    assert!(findings.len() > 1, "{found}");
    if found["collects"] == json!(true) {
        eprintln!("skipped: this machine has a TEE device of its own");
        return;
    }
    assert_eq!(run.exit, 3);
    assert!(
        findings.iter().any(|finding| finding["expected"] == root.to_str().unwrap()),
        "{found}"
    );
    let run = cloister(["doctor", "--tsm-root", root.to_str().unwrap()]);
    assert!(run.stdout.contains("help"), "{}", run.stdout);
}

#[test]
fn doctor_names_the_platform_and_what_would_name_an_image_there() {
    let found = cloister(["doctor", "--json"]).json();
    let findings = found["findings"].as_array().unwrap();
    let of = |id: &str| findings.iter().find(|finding| finding["id"] == id).unwrap();
    let platform = of("attester.doctor.platform");
    assert_eq!(platform["state"], "not_asserted");
    assert!(platform["observed"].as_str().unwrap().contains("proves nothing"), "{platform}");
    assert!(of("attester.doctor.image")["observed"].as_str().unwrap().contains("named by"));
}
