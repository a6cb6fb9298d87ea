//! That no case is left out by silence.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::case::{self, Case};
use super::{default_root, left_out};
use crate::workspace::Workspace;

/// Recorded cases by folder: how many are judged, and how many are not.
const CASES: [(&str, (usize, usize)); 9] = [
    ("az-snp", (7, 0)),
    ("az-tdx", (5, 0)),
    ("eventlog", (11, 0)),
    ("formats", (0, 7)),
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
fn a_folder_without_a_rule_is_an_error_and_not_left_out() {
    let of = |tee: &str, name: &str| Case {
        tee: tee.to_owned(),
        name: name.to_owned(),
        folder: PathBuf::new(),
        about: None,
    };
    assert!(left_out::why(&of("sgx", "a")).is_err());
    assert_eq!(left_out::why(&of("snp", "new")), Ok(None));
    assert!(left_out::why(&of("formats", "new")).unwrap().is_some());
}
