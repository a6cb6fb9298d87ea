//! The document: every key there, none unknown, and each with its meaning.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::Diagnostic;
use cloister_attestation::policy::{Policy, PolicyError};
use toml::{Table, Value};

use super::{machines, tree};

fn code(text: &str) -> &'static str {
    Policy::from_toml(text).unwrap_err().code().id
}

fn without(tree: &Table, path: &str) -> Table {
    let mut tree = tree.clone();
    match path.rsplit_once('.') {
        None => {
            tree.remove(path);
        }
        Some((section, key)) => {
            let mut at = &mut tree;
            for name in section.split('.') {
                at = at.get_mut(name).unwrap().as_table_mut().unwrap();
            }
            at.remove(key);
        }
    }
    tree
}

#[test]
fn what_is_written_reads_back_the_same() {
    let fingerprint = Digest48::sha384(b"a simulator");
    let mut policies = vec![Policy::strict(), Policy::strict_for_simulator(fingerprint)];
    policies.extend(machines::all().iter().map(machines::Machine::template));
    for policy in policies {
        let text = policy.to_toml().unwrap();
        assert_eq!(Policy::from_toml(&text).unwrap(), policy, "{text}");
    }
}

#[test]
fn every_key_is_written_with_its_meaning() {
    let text = Policy::strict().to_toml().unwrap();
    let mut above = "";
    for line in text.lines() {
        let is_key = line.contains(" = ") && !line.starts_with('#');
        if is_key || line.starts_with('[') {
            assert!(above.starts_with("# "), "{line} has no comment");
        }
        above = line;
    }
}

#[test]
fn no_key_has_a_default() {
    let tree = tree::of(&Policy::strict());
    for path in tree::leaves(&tree) {
        let text = toml::to_string(&without(&tree, &path)).unwrap();
        assert_eq!(code(&text), "policy.malformed", "{path}");
    }
}

#[test]
fn an_unknown_key_is_refused_in_every_section() {
    let tree = tree::of(&Policy::strict());
    for path in tree::leaves(&tree) {
        let mut tree = tree.clone();
        tree::set(&mut tree, &format!("{path}_"), Value::from("any"));
        assert_eq!(code(&toml::to_string(&tree).unwrap()), "policy.malformed", "{path}_");
    }
}

#[test]
fn an_error_shows_the_line() {
    let text =
        Policy::strict().to_toml().unwrap().replace("debug = \"forbid\"", "debug = \"forbit\"");
    let error = Policy::from_toml(&text).unwrap_err().to_string();
    let line = text.lines().position(|line| line.contains("forbit")).unwrap() + 1;
    assert!(error.contains(&format!("line {line}")), "{error}");
    assert!(error.contains("forbit"), "{error}");
}

#[test]
fn an_absent_section_is_legal_and_an_empty_document_is_not() {
    let policy = Policy::from_toml("anchors = \"vendor\"").unwrap();
    assert_eq!((policy.snp, policy.tdx, policy.azure), (None, None, None));
    assert_eq!(code(""), "policy.malformed");
}

#[test]
fn a_document_longer_than_the_limit_is_refused() {
    assert_eq!(code(&"#".repeat(1024 * 1024 + 1)), "policy.malformed");
}

#[test]
fn demands_that_cannot_mean_what_they_say_are_refused() {
    let tree = tree::of(&Policy::strict());
    let floor = "boot_loader = 1, tee = 0, snp = 1, microcode = 1";
    for (path, value, reads) in [
        ("snp.tcb.reported.milan", format!("{{ at_least = {{ {floor} }} }}"), true),
        ("snp.tcb.reported.milan", format!("{{ at_least = {{ fmc = 1, {floor} }} }}"), false),
        ("snp.tcb.committed.genoa", format!("{{ at_least = {{ fmc = 1, {floor} }} }}"), false),
        ("snp.tcb.launch.turin", format!("{{ at_least = {{ fmc = 1, {floor} }} }}"), true),
        ("snp.tcb.launch.turin", format!("{{ at_least = {{ {floor} }} }}"), false),
        ("snp.launch.vmpl", "{ one_of = [0, 3] }".to_owned(), true),
        ("snp.launch.vmpl", "{ one_of = [0, 4] }".to_owned(), false),
        ("snp.signer.crl_age", "{ at_most_secs = 1 }".to_owned(), false),
        ("tdx.root_crl_age", "{ at_most_secs = 0 }".to_owned(), true),
        ("tdx.tcb_statuses", "[\"UpToDate\", \"Revoked\"]".to_owned(), false),
        ("tdx.xfam_forbidden", "\"0300000000000000\"".to_owned(), false),
        ("tdx.xfam_forbidden", "\"0400000000000000\"".to_owned(), true),
    ] {
        let value: Table = format!("v = {value}").parse().unwrap();
        let mut tree = tree.clone();
        tree::set(&mut tree, path, value["v"].clone());
        match Policy::from_toml(&toml::to_string(&tree).unwrap()) {
            Ok(_) => assert!(reads, "{path} = {value}"),
            Err(error) => {
                assert!(!reads, "{error}");
                assert!(matches!(&error, PolicyError::Inconsistent { key, .. } if key == path));
                assert_eq!(error.code().id, "policy.inconsistent");
            }
        }
    }
}

#[test]
fn every_any_is_told_with_what_it_leaves_open() {
    let mut tree = tree::of(&Policy::strict());
    for path in tree::leaves(&tree) {
        if tree::may_be_any(&tree, &path) {
            tree::set(&mut tree, &path, Value::from("any"));
        }
    }
    let description = tree::read(&tree).unwrap().describe().unwrap();
    let mut paths: Vec<_> = description.statements.iter().map(|said| &said.key).collect();
    paths.sort();
    let mut leaves = tree::leaves(&tree);
    leaves.sort();
    assert_eq!(paths, leaves.iter().collect::<Vec<_>>(), "every key is described");
    for said in &description.statements {
        let word = tree::get(&tree, &said.key).unwrap().as_str().unwrap_or_default();
        let is_open = ["any", "accept_unknown", "accept_absent", "optional"].contains(&word);
        assert_eq!(said.open.is_some(), is_open, "{}", said.key);
        assert_ne!(said.open, Some(""), "{} leaves open what?", said.key);
    }
    assert!(description.open().count() > 50);
}

fn at_most(secs: i64) -> Value {
    Value::Table(Table::from_iter([("at_most_secs".to_owned(), Value::from(secs))]))
}

/// Whoever has an old list leaves it out, so that its age alone limits nothing.
#[test]
fn the_age_of_a_list_is_limited_only_where_the_list_has_to_be_there() {
    for (age, revocation) in
        [("snp.signer.crl_age", "snp.signer.revocation"), ("tdx.root_crl_age", "tdx.revocation")]
    {
        let mut tree = tree::of(&Policy::strict());
        tree::set(&mut tree, age, at_most(60));
        for (word, reads) in [("required", true), ("accept_unknown", false)] {
            tree::set(&mut tree, revocation, Value::from(word));
            let read = Policy::from_toml(&toml::to_string(&tree).unwrap());
            let inconsistent =
                |error| matches!(error, PolicyError::Inconsistent { key, .. } if key == age);
            assert_eq!(read.is_ok(), reads, "{age} {word}");
            assert!(read.err().is_none_or(inconsistent));
        }
    }
    for key in ["tdx.collateral_age", "tdx.root_crl_age"] {
        for wrong in [Value::from(60), Value::from("none"), at_most(-1), at_most(1 << 32)] {
            assert!(
                tree::with(&tree::of(&Policy::strict()), key, wrong.clone()).is_none(),
                "{wrong}"
            );
        }
    }
}

#[test]
fn a_demand_that_excuses_or_asks_for_nothing_is_told_as_open() {
    let opened = |path: &str, value: Value| {
        let policy = tree::with(&tree::of(&Policy::strict()), path, value).unwrap();
        policy.describe().unwrap().open().any(|said| said.key == path)
    };
    for (path, open, closed) in [
        ("tdx.tcb_evaluation_data_number_min", Value::from(0), Value::from(1)),
        ("tdx.out_of_date_grace_secs", Value::from(1), Value::from(0)),
        ("azure.pcrs", Value::Array(Vec::new()), Value::Array(vec![Value::from(4)])),
        ("snp.signer.revocation", Value::from("accept_unknown"), Value::from("required")),
        ("tdx.collateral_age", Value::from("any"), at_most(60)),
        ("tdx.root_crl_age", Value::from("any"), at_most(60)),
    ] {
        assert!(opened(path, open), "{path}");
        assert!(!opened(path, closed), "{path}");
    }
}

#[test]
fn a_section_that_is_not_there_is_told_as_refused() {
    let policy = Policy { snp: None, azure: None, ..Policy::strict() };
    assert_eq!(policy.describe().unwrap().refused, ["snp", "azure"]);
}

#[test]
fn keys_stand_in_the_order_of_the_types() {
    let text = Policy::strict().to_toml().unwrap();
    let at = |key: &str| text.find(&format!("\n{key}")).unwrap();
    assert!(at("debug = ") < at("migrate_ma = ") && at("migrate_ma = ") < at("abi = "));
    assert!(at("[snp.guest]") < at("[snp.platform]") && at("[snp.signer]") < at("[tdx]"));
}
