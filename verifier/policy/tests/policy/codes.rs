//! Every code is explained.

use std::collections::HashSet;

#[test]
fn codes_are_unique_and_explained() {
    let ids = cloister_policy::codes().map(|code| code.id).collect::<HashSet<_>>();
    assert_eq!(ids.len(), cloister_policy::codes().count());
    for code in cloister_policy::codes() {
        assert!(code.id.starts_with("policy."), "{code}");
        assert!(code.remedy.ends_with('.') && code.explanation.len() > 40, "{code}");
    }
}
