//! Every code is explained, once.

use std::collections::HashSet;

#[test]
fn codes_are_distinct_and_say_what_to_do() {
    let mut seen = HashSet::new();
    for code in cloister_attester::codes() {
        assert!(code.id.starts_with("attester."), "{code}");
        assert!(seen.insert(code.id), "{code} is there twice");
        assert!(code.remedy.ends_with('.') && code.explanation.ends_with('.'), "{code}");
    }
    assert!(seen.len() > 10);
}
