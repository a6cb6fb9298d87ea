//! The configuration file: what is documented is what is read.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use cloister_attestation::anchor::{AnchorKind, SimulatorAnchor};
use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::Diagnostic as _;
use cloister_attestation::policy::{AnchorPolicy, Policy};

use super::{Config, ConfigError, Document};

const EXAMPLE: &str = include_str!("../../verifier.example.toml");

fn load(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    load_in(folder.path(), text)
}

fn load_in(folder: &Path, text: &str) -> Result<Config, ConfigError> {
    let path = folder.join("verifier.toml");
    fs::write(&path, text).unwrap();
    Config::load(&path)
}

fn keys(prefix: &str, table: &toml::Table, into: &mut BTreeSet<String>) {
    for (key, value) in table {
        let path = format!("{prefix}{key}");
        if let Some(inner) = value.as_table() {
            keys(&format!("{path}."), inner, into);
        } else {
            into.insert(path);
        }
    }
}

#[test]
fn the_example_documents_every_key_and_no_other() {
    let document: Document = toml::from_str(EXAMPLE).unwrap();
    assert!(document.endorsements.folder.is_some(), "the one key without a default");
    let (mut known, mut documented) = (BTreeSet::new(), BTreeSet::new());
    keys("", &toml::Table::try_from(&document).unwrap(), &mut known);
    keys("", &toml::from_str(EXAMPLE).unwrap(), &mut documented);
    assert_eq!(known, documented);
}

#[test]
fn the_example_states_the_defaults() {
    let required = "listen = \"127.0.0.1:4400\"\nnames = [\"localhost\"]\ndata = \"/var/lib/cloister-verifier\"\n\
        trust_domain = \"example.org\"\n[appraisal]\nanchors = \"vendor\"\n\
        [endorsements]\nfolder = \"endorsements\"\n";
    let short: Document = toml::from_str(required).unwrap();
    let long: Document = toml::from_str(EXAMPLE).unwrap();
    assert_eq!(toml::to_string(&short).unwrap(), toml::to_string(&long).unwrap());
}

#[test]
fn the_alternatives_in_the_examples_comments_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let pin = |of: &str| Digest48::sha384(of.as_bytes());
    let anchor = SimulatorAnchor {
        milan: pin("milan"),
        genoa: pin("genoa"),
        turin: pin("turin"),
        intel: pin("intel"),
    };
    let fingerprint = anchor.fingerprint();
    fs::write(folder.path().join("anchor.json"), serde_json::to_vec(&anchor).unwrap()).unwrap();
    let policy = Policy::strict_for_simulator(fingerprint);
    fs::write(folder.path().join("policy.toml"), policy.to_toml().unwrap()).unwrap();
    let anchors = EXAMPLE
        .replace("\nanchors = \"vendor\"", "")
        .replace("#   anchors =", "anchors =")
        .replace("96 hexadecimal digits", &fingerprint.to_string());
    let config = load_in(folder.path(), &anchors).unwrap();
    assert_eq!(config.appraisal.anchors.kind(), AnchorKind::Simulator);
    assert_eq!(config.appraisal.policy.anchors, AnchorPolicy::Simulator(fingerprint));

    let with_file =
        |text: &str| text.replace("\npolicy = \"strict\"", "").replace("#   policy =", "policy =");
    let config = load_in(folder.path(), &with_file(&anchors)).unwrap();
    assert_eq!(config.appraisal.policy, policy);
    let refused = load_in(folder.path(), &with_file(EXAMPLE)).unwrap_err();
    assert_eq!(refused.code().id, "config.policy.anchors");
    let other = anchors.replace(&fingerprint.to_string(), &pin("other").to_string());
    let refused = load_in(folder.path(), &other).unwrap_err();
    assert_eq!(refused.code().id, "config.anchor.fingerprint");
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    for (after, key) in [("trust_domain", "trustdomain = \"a\""), ("[lease]", "lifetime = 5")] {
        let at = EXAMPLE.lines().position(|line| line.starts_with(after)).unwrap() + 1;
        let mut lines = EXAMPLE.lines().collect::<Vec<_>>();
        lines.insert(at, key);
        let refused = load(&lines.join("\n")).unwrap_err();
        assert_eq!(refused.code().id, "config.malformed");
        let message = refused.to_string();
        assert!(message.contains(&format!("line {}", at + 1)), "{message}");
        assert!(message.contains(key.split(' ').next().unwrap()), "{message}");
    }
}

#[test]
fn values_out_of_range_are_refused_with_their_line() {
    let cases = [
        ("lifetime_secs = 600", "lifetime_secs = 3601"),
        ("lifetime_secs = 600", "lifetime_secs = 0"),
        ("lifetime_secs = 120", "lifetime_secs = 0"),
        ("\"example.org\"", "\"Example.org\""),
        ("\"localhost\"", "\"local host\""),
        ("filter = \"info\"", "filter = \"=?\""),
        ("connections_max = 4096", "connections_max = 0"),
        ("anchors = \"vendor\"\n\n", "anchors = \"any\"\n\n"),
    ];
    for (good, bad) in cases {
        let line = EXAMPLE.lines().position(|line| line.contains(good.trim())).unwrap() + 1;
        let refused = load(&EXAMPLE.replacen(good, bad, 1)).unwrap_err();
        assert_eq!(refused.code().id, "config.malformed", "{bad}");
        let shown = refused.to_string();
        assert!(
            shown.contains("line ")
                && (bad.starts_with("anchors") || shown.contains(&format!("line {line}"))),
            "{shown}"
        );
    }
}

#[test]
fn listening_everywhere_needs_names() {
    let text = EXAMPLE.replace("127.0.0.1:4400", "0.0.0.0:4400").replace("[\"localhost\"]", "[]");
    assert_eq!(load(&text).unwrap_err().code().id, "config.names");
}

#[test]
fn a_missing_or_oversized_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Config::load(&folder.path().join("absent.toml")).unwrap_err();
    assert_eq!(missing.code().id, "config.unreadable");
    let refused = load_in(folder.path(), &format!("# {}", "x".repeat(65_536))).unwrap_err();
    assert_eq!(refused.code().id, "config.unreadable");
}
