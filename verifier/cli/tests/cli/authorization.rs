//! `cloister policy` for authorization policies: checked, tested by the cases beside them,
//! explained.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::program::{Run, cloister};

/// The policies to start from, as they are published.
fn starters() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy/starters")
}

fn policy<const N: usize>(words: [&str; N], path: &Path) -> Run {
    let mut all: Vec<&Path> = vec![Path::new("policy")];
    all.extend(words.iter().map(Path::new));
    all.insert(2, path);
    cloister(all)
}

/// A folder with a policy and its cases.
fn written(policy: &str, cases: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("agent.cedar"), policy).unwrap();
    std::fs::write(folder.path().join("agent.test.toml"), cases).unwrap();
    folder
}

const POLICY: &str = "@id(\"planner\")\npermit(principal == Agent::\"planner\", action, resource)\n\
                      when { context.tee == Tee::\"snp\" };\n";
const CASES: &str = r#"
[local]
agent = "executor"
trust_domain = "acme.example"
principal = "acme.example"

[peer.planner]

[[case]]
name = "planner"
peer = "planner"
operation = "send"
expect = "allow"
by = ["planner"]

[[case]]
name = "on TDX"
peer = "planner"
with = { tee = "tdx" }
operation = "send"
expect = "deny"
"#;

#[test]
fn every_starter_does_what_its_cases_say_and_no_policy_of_one_is_untested() {
    let run = policy(["test", "--json"], &starters());
    assert_eq!(run.exit, 0, "{}", run.stdout);
    let json = run.json();
    assert_eq!(json["failed"], 0);
    let tested = json["policies"].as_array().unwrap();
    assert_eq!(tested.len(), 5);
    for policy in tested {
        assert_eq!(policy["untested"], json!([]), "{policy}");
    }
}

#[test]
fn a_case_that_comes_out_otherwise_is_told_and_fails() {
    for (was, is, objection) in [
        ("expect = \"deny\"", "expect = \"allow\"", "expected allow: no policy permits it"),
        ("by = [\"planner\"]", "by = []", "expected it by no policy: permitted by planner"),
        ("by = [\"planner\"]", "by = [\"p\"]", "expected it by p: permitted by planner"),
        ("tee = \"tdx\"", "tee = \"snp\"", "expected deny: permitted by planner"),
    ] {
        let folder = written(POLICY, &CASES.replace(was, is));
        let run = policy(["test"], folder.path());
        assert_eq!(run.exit, 2, "{}", run.stdout);
        assert!(run.stdout.contains(objection), "{}", run.stdout);
        assert!(run.stdout.contains("1 of 2 cases as expected"), "{}", run.stdout);
    }
}

#[test]
fn a_policy_that_no_case_rests_on_is_named() {
    let folder = written(
        &format!("{POLICY}@id(\"idle\") permit(principal == Agent::\"x\", action, resource);"),
        CASES,
    );
    let run = policy(["test", "--json"], folder.path());
    assert_eq!((run.exit, &run.json()["policies"][0]["untested"]), (0, &json!(["idle"])));
}

#[test]
fn cases_that_test_something_else_than_they_say_are_refused() {
    for (was, is) in [
        ("tee = \"tdx\"", "tea = \"tdx\""),
        ("tee = \"tdx\"", "tee = \"sgx\""),
        ("operation = \"send\"", "operation = \"sned\""),
        ("peer = \"planner\"", "peer = \"planer\""),
        ("name = \"on TDX\"", "name = \"planner\""),
        ("expect = \"deny\"", "expect = \"no\""),
        ("expect = \"deny\"", "binding = \"GRPCWEB\"\nexpect = \"deny\""),
        ("[peer.planner]", "[peer.planner]\nscop = []"),
    ] {
        let folder = written(POLICY, &CASES.replacen(was, is, 1));
        let run = policy(["test", "--json"], folder.path());
        assert_eq!((run.exit, &run.json()["error"]["id"]), (1, &json!("cli.policy.cases")), "{is}");
    }
}

#[test]
fn nothing_to_test_is_no_success() {
    let empty = tempfile::tempdir().unwrap();
    let run = policy(["test", "--json"], empty.path());
    assert_eq!((run.exit, &run.json()["error"]["id"]), (1, &json!("cli.policy.no_cases")));
    std::fs::write(empty.path().join("lonely.cedar"), POLICY).unwrap();
    let run = policy(["test", "--json"], empty.path());
    assert_eq!((run.exit, &run.json()["error"]["id"]), (1, &json!("cli.policy.no_cases")));
    let head = CASES.split("[[case]]").next().unwrap();
    let none = written(POLICY, &format!("case = []\n{head}"));
    assert_eq!(policy(["test"], none.path()).exit, 1);
}

#[test]
fn an_authorization_policy_is_checked_as_one_and_its_line_is_shown() {
    let folder = written(POLICY, CASES);
    let file = folder.path().join("agent.cedar");
    let run = policy(["check", "--json"], &file);
    assert_eq!((run.exit, &run.json()["policies"]), (0, &json!(1)));
    std::fs::write(&file, POLICY.replace("context.tee", "context.tea")).unwrap();
    let run = policy(["check"], &file);
    assert_eq!(run.exit, 1);
    assert!(run.stderr.contains("at line 3") && run.stderr.contains("help:"), "{}", run.stderr);
}

#[test]
fn an_explanation_says_what_would_have_to_change() {
    let folder = written(POLICY, CASES);
    let file = folder.path().join("agent.cedar");
    let run = policy(["explain", "--case", "on TDX", "--json"], &file);
    let json = run.json();
    assert_eq!((run.exit, &json["allowed"]), (0, &json!(false)));
    assert_eq!(json["examined"][0]["unmet"], json!(["context.tee == Tee::\"snp\""]));
    assert_eq!(json["context"]["tee"], "Tee::\"tdx\"");
    for case in ["on TDX", "planner"] {
        let run = policy(["explain", "--case", case], &file);
        assert!(run.stdout.lines().all(|line| line.chars().count() <= 80), "{}", run.stdout);
        assert!(run.stdout.contains("principal == Agent::\"planner\""), "{}", run.stdout);
    }
    let allowed = policy(["explain", "--case", "planner", "--json"], &file).json();
    assert_eq!(allowed["policies"], json!(["planner"]));
}

#[test]
fn an_explanation_needs_a_case_that_is_there() {
    let folder = written(POLICY, CASES);
    let file = folder.path().join("agent.cedar");
    for run in [policy(["explain"], &file), policy(["explain", "--case", "x"], &file)] {
        assert_eq!(run.exit, 1);
        assert!(run.stderr.contains("\"on TDX\""), "{}", run.stderr);
    }
}

#[test]
fn the_schema_that_is_printed_is_the_one_that_policies_are_validated_against() {
    let run = cloister(["policy", "schema"]);
    assert_eq!((run.exit, run.stdout.as_str()), (0, cloister_policy::SCHEMA));
    let run = cloister(["policy", "schema", "--visitors"]);
    assert_eq!(run.stdout, cloister_policy::VISITOR_SCHEMA);
}
