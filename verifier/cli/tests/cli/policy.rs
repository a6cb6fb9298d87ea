//! `cloister policy`: made from Evidence, told in words, checked.

use std::path::Path;

use serde_json::{Value, json};

use crate::program::{Run, cloister};
use crate::simulated::{AT, Case};

fn new(case: &Case, more: &[&str]) -> Run {
    let (from, anchor) = (case.path("evidence"), case.path("anchor.json"));
    let words = ["policy", "new", "--at", AT, "--from"].map(Path::new);
    let anchor = [Path::new("--simulator-anchor"), &anchor];
    let more = more.iter().map(Path::new);
    cloister(words.into_iter().chain([from.as_path()]).chain(anchor).chain(more))
}

fn with_file(case: &Case, command: &str) -> Run {
    let file = case.path("policy.toml");
    cloister(["policy", command].map(Path::new).into_iter().chain([file.as_path()]))
}

/// The ids of the failed checks.
fn failed(verdict: &Value) -> Vec<&str> {
    let checks = verdict["checks"].as_array().unwrap().iter();
    let failed = checks.filter(|check| check["state"] == "fail");
    failed.map(|check| check["id"].as_str().unwrap()).collect()
}

#[test]
fn evidence_is_accepted_by_the_policy_made_from_it() {
    for case in [Case::snp(), Case::tdx()] {
        let run = new(&case, &[]);
        assert_eq!(run.exit, 0, "{}", run.stdout);
        case.put("policy.toml", run.stdout.as_bytes());
        let run = case.verify(&[Path::new("--policy"), &case.path("policy.toml")]);
        assert_eq!(run.exit, 0, "{}", run.stdout);
        assert_eq!(with_file(&case, "check").exit, 0);
    }
}

#[test]
fn a_raised_floor_and_another_chip_are_refused() {
    let case = Case::snp();
    let policy = new(&case, &[]).stdout;
    let (_, version) = policy.split_once("[snp]\n").unwrap().1.split_once("version = ").unwrap();
    let version = version.lines().next().unwrap();
    assert_eq!(version, "{ at_least = 3 }");
    case.put("policy.toml", policy.replacen(version, "{ at_least = 4 }", 1).as_bytes());
    let run = case.verify(&[Path::new("--policy"), &case.path("policy.toml")]);
    assert_eq!((run.exit, failed(&run.json())), (2, vec!["snp.demand.version"]));

    let chip = policy.split_once("chips = { exactly = \"").unwrap().1.split_once('"').unwrap().0;
    case.put("policy.toml", policy.replacen(chip, &"77".repeat(64), 1).as_bytes());
    let run = case.verify(&[Path::new("--policy"), &case.path("policy.toml")]);
    assert_eq!((run.exit, failed(&run.json())), (2, vec!["snp.chip_id.allowed"]));
}

#[test]
fn no_policy_is_made_from_evidence_that_does_not_verify() {
    let run = new(&Case::snp().flipped("report.bin", 0x90), &["--json"]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (2, &json!("snp.signature")));
    let run = new(&Case::tdx().without("collateral.json"), &["--json"]);
    assert_eq!((run.exit, &run.json()["error"]["id"]), (3, &json!("verify.incomplete")));
}

#[test]
fn what_the_evidence_could_not_assert_stands_at_the_top() {
    let case = Case::snp().without("crl.der");
    let run = new(&case, &[]);
    let top = run.stdout.split("\n\n").next().unwrap();
    assert!(top.contains("snp.revocation.leaf: no CRL"), "{top}");
    let json = new(&case, &["--json"]).json();
    assert!(json["not_asserted"].as_array().unwrap().contains(&json!("snp.revocation.leaf")));
}

#[test]
fn an_explanation_fits_the_terminal_and_lists_what_is_left_open() {
    let case = Case::snp();
    let policy = new(&case, &[]).stdout;
    case.put("policy.toml", policy.replace("debug = \"forbid\"", "debug = \"any\"").as_bytes());
    let run = with_file(&case, "explain");
    assert_eq!(run.exit, 0);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
    let (demanded, open) = run.stdout.split_once("left open").unwrap();
    assert!(demanded.contains("everything of tdx, azure"), "{demanded}");
    assert!(demanded.contains("snp.guest.migrate_ma: has to be off"), "{demanded}");
    assert!(open.contains("snp.guest.debug: the host may read and write"), "{open}");
}

#[test]
fn a_policy_that_does_not_read_is_misuse_and_shows_the_line() {
    let case = Case::snp();
    case.put("policy.toml", b"anchors = \"vendor\"\nsnpp = 1\n");
    for command in ["check", "explain"] {
        let run = with_file(&case, command);
        assert_eq!(run.exit, 1);
        assert!(run.stderr.contains("line 2"), "{}", run.stderr);
    }
}
