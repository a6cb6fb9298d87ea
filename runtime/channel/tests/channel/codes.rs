//! Every code is there once and explained.

use std::collections::HashSet;

#[test]
fn codes_are_unique_and_explained() {
    let mut seen = HashSet::new();
    for code in cloister_channel::codes() {
        assert!(seen.insert(code.id), "{} is there twice", code.id);
        assert!(code.remedy.ends_with('.') && !code.explanation.is_empty(), "{}", code.id);
    }
    assert!(seen.contains("session.exporter") && seen.contains("lease.anchor"));
}
