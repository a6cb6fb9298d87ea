//! Every code is explained.

use std::collections::HashSet;

#[test]
fn codes_are_unique_and_explained() {
    let ids = cloister_audit::codes().map(|code| code.id).collect::<HashSet<_>>();
    assert_eq!(ids.len(), cloister_audit::codes().count());
    for code in cloister_audit::codes() {
        assert!(code.id.starts_with("audit."), "{code}");
        assert!(code.remedy.ends_with('.') && code.explanation.len() > 40, "{code}");
    }
}
