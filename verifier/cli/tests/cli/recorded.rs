//! Recorded evidence of real machines, where it is at hand.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::program::{Run, cloister};

/// The folder of a case, or a line that says why the test did not run.
pub(crate) fn case(name: &str) -> Option<PathBuf> {
    let vectors = std::env::var_os("CLOISTER_VECTORS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let folder = vectors.join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not there; set CLOISTER_VECTORS", folder.display());
    None
}

fn verify(folder: &Path, at: &str) -> Run {
    cloister(["evidence", "verify", folder.to_str().unwrap(), "--at", at, "--json"])
}

#[test]
fn a_genuine_report_and_a_genuine_quote_are_acceptable() {
    for (name, at, product) in [
        ("snp/milan-v3-ms-teeav", "2026-08-04T01:04:33Z", "Milan"),
        ("snp/turin-v5-ms-teeav", "2026-08-04T01:04:33Z", "Turin"),
        ("tdx/v4-dcapqvl", "2025-07-04T10:16:31Z", "fmspc b0c06f000000"),
    ] {
        let Some(folder) = case(name) else { return };
        let run = verify(&folder, at);
        let verdict = run.json();
        assert_eq!((run.exit, &verdict["product"]), (0, &json!(product)), "{verdict}");
        assert_eq!(
            (&verdict["simulated"], &verdict["stages"]["appraise"]),
            (&json!(false), &Value::Null)
        );
    }
}

#[test]
fn the_same_evidence_is_refused_at_a_time_when_its_endorsements_were_not_valid() {
    for name in ["snp/milan-v3-ms-teeav", "tdx/v4-dcapqvl"] {
        let Some(folder) = case(name) else { return };
        let run = verify(&folder, "2015-01-01T00:00:00Z");
        assert_eq!((run.exit, &run.json()["stages"]["parse"]), (2, &json!("ok")), "{name}");
    }
}

#[test]
fn a_genuine_report_of_a_debugged_guest_is_refused_by_the_built_in_policy() {
    let Some(folder) = case("snp/milan-v2-debug-gosevguest") else { return };
    let run = verify(&folder, "2023-03-23T00:55:28Z");
    let verdict = run.json();
    assert_eq!(
        verdict["stages"],
        json!({ "parse": "ok", "verify": "ok", "appraise": "contraindicated" })
    );
    assert_eq!(run.exit, 2);
}

#[test]
fn a_quote_without_collateral_is_no_conclusion_and_says_where_intel_publishes_it() {
    let Some(folder) = case("tdx/v4-dstack-tdx-lite") else { return };
    let run = verify(&folder, "2026-06-01T00:00:00Z");
    assert_eq!(run.exit, 3);
    assert!(run.stdout.contains("/tdx/certification/v4/tcb?fmspc=90c06f000000"), "{}", run.stdout);
}
