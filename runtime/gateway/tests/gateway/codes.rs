//! Every code is explained.

use std::collections::HashSet;

#[test]
fn codes_are_unique_and_explained() {
    let ids = cloister_gateway::codes().map(|code| code.id).collect::<HashSet<_>>();
    assert_eq!(ids.len(), cloister_gateway::codes().count());
    for code in cloister_gateway::codes() {
        assert!(code.id.starts_with("gateway."), "{code}");
        assert!(code.remedy.ends_with('.') && code.explanation.len() > 40, "{code}");
    }
}
