//! That no case is left out by silence.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::case::{self, Case};
use super::{default_root, format, left_out};
use crate::workspace::Workspace;

/// Recorded cases by folder: how many are judged, and how many are not.
const CASES: [(&str, (usize, usize)); 9] = [
    ("az-snp", (7, 0)),
    ("az-tdx", (5, 0)),
    ("eventlog", (11, 0)),
    ("formats", (5, 2)),
    ("gpu", (0, 13)),
    ("measurement", (0, 2)),
    ("snp", (27, 0)),
    ("tdx", (25, 0)),
    ("tpm", (1, 0)),
];

/// Every recorded case, or a line that says why there is none.
fn recorded() -> Option<Vec<Case>> {
    let root = default_root(&Workspace::load().unwrap());
    if root.is_dir() {
        return Some(case::find(&root).unwrap());
    }
    eprintln!("skipped: {} is not there; set CLOISTER_VECTORS", root.display());
    None
}

#[test]
fn as_many_cases_are_judged_as_there_are_and_the_others_are_counted() {
    let Some(cases) = recorded() else { return };
    let mut counted: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for case in &cases {
        let count = counted.entry(&case.tee).or_default();
        match left_out::why(case).unwrap() {
            None => count.0 += 1,
            Some(_) => count.1 += 1,
        }
        assert!(case.about.is_some(), "{}: no case.json", case.name);
    }
    assert_eq!(counted.into_iter().collect::<Vec<_>>(), CASES);
}

#[test]
fn every_format_that_is_judged_comes_out_as_expected() {
    let Some(cases) = recorded() else { return };
    let is_judged = |case: &&Case| case.tee == "formats" && left_out::why(case) == Ok(None);
    let mut read = 0;
    for case in cases.iter().filter(is_judged) {
        let outcome = format::judge(case).unwrap();
        assert_eq!(outcome.judged, Ok(()), "{}: {}", case.name, outcome.stages);
        let files = outcome.stages["files"].as_object().unwrap();
        read += files.values().filter(|told| *told == "ok").count();
    }
    assert_eq!(read, 21, "files");
}

#[test]
fn a_folder_without_a_rule_is_an_error_and_not_left_out() {
    let of = |tee: &str, name: &str| Case {
        tee: tee.to_owned(),
        name: name.to_owned(),
        folder: PathBuf::new(),
        about: None,
    };
    assert!(left_out::why(&of("sgx", "a")).is_err());
    assert_eq!(left_out::why(&of("formats", "ear-new")), Ok(None));
    assert!(left_out::why(&of("formats", "cmw-new")).unwrap().is_some());
}
