//! What is, and what is not, inside the shipped binaries.

use std::path::Path;

use cloister_devnet::workspace::Programs;

fn contains(file: &Path, needle: &str) -> bool {
    let bytes = std::fs::read(file).unwrap();
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn no_shipped_binary_contains_the_simulator() {
    let programs = Programs::of_this_build().unwrap();
    for shipped in [&programs.runtime, &programs.verifier, &programs.cli] {
        assert!(!contains(shipped, cloister_simulator::MARKER), "{}", shipped.display());
    }
}

#[test]
fn a_binary_that_links_the_simulator_is_recognised() {
    let this = std::env::current_exe().unwrap();
    assert!(contains(&this, cloister_simulator::MARKER), "the check above could not fail");
}
