//! The lock file: how many crates the shipped binaries take, and where all crates come from.

use super::finding::Finding;
use super::tree::Tree;
use crate::graph::SHIPPED_CRATES_MAX;

/// The one registry.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Checks the count of shipped crates and the source of every crate.
pub(super) fn check(tree: &Tree, shipped: usize) -> Vec<Finding> {
    let mut findings = foreign(tree);
    if shipped > SHIPPED_CRATES_MAX {
        findings.push(Finding::new(
            ("Cargo.lock", 1),
            "crate-count",
            format!("the shipped binaries take {shipped} crates, at most {SHIPPED_CRATES_MAX} are allowed."),
            "Drop a dependency or switch off features of one.",
        ));
    }
    findings
}

fn foreign(tree: &Tree) -> Vec<Finding> {
    let Some(lock) = tree.files.iter().find(|file| file.path == "Cargo.lock") else {
        return vec![no_lock()];
    };
    let sources = lock.text.lines().enumerate().filter_map(|(at, line)| {
        let source = line.strip_prefix("source = \"")?.strip_suffix('"')?;
        (source != CRATES_IO).then_some((at.saturating_add(1), source))
    });
    sources
        .map(|(line, source)| {
            let problem = format!("a crate comes from {source}.");
            Finding::new(
                ("Cargo.lock", line),
                "sources",
                problem,
                "Depend on a version that crates.io has.",
            )
        })
        .collect()
}

fn no_lock() -> Finding {
    Finding::new(("Cargo.lock", 1), "sources", "there is no lock file.", "Commit Cargo.lock.")
}

#[cfg(test)]
mod tests {
    use super::{CRATES_IO, SHIPPED_CRATES_MAX, check};
    use crate::tidy::tree::Tree;

    #[test]
    fn one_crate_too_many_is_found() {
        let tree = Tree::of(&[("Cargo.lock", "")]);
        assert!(check(&tree, SHIPPED_CRATES_MAX).is_empty());
        assert_eq!(check(&tree, SHIPPED_CRATES_MAX + 1)[0].rule, "crate-count");
    }

    #[test]
    fn a_crate_from_git_and_a_lost_lock_file_are_found() {
        let lock = format!("source = \"{CRATES_IO}\"\nsource = \"git+https://example.org/a\"\n");
        assert_eq!(check(&Tree::of(&[("Cargo.lock", &lock)]), 0)[0].line, 2);
        assert_eq!(check(&Tree::of(&[]), 0)[0].rule, "sources");
    }
}
