//! What a bundle may hold.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::code::Diagnostic;
use cloister_policy::{
    BUNDLE_BYTES_MAX, NESTING_MAX, OPERATORS_MAX, POLICIES_MAX, PolicyBundle, PolicyError,
};
use proptest::prelude::*;

fn refusal(policies: &str) -> PolicyError {
    PolicyBundle::parse(policies.as_bytes()).unwrap_err()
}

#[test]
fn digest_is_of_the_received_bytes_comments_and_all() {
    let one = b"permit(principal, action, resource);";
    let two = b"permit(principal, action, resource); // same meaning";
    assert_eq!(PolicyBundle::parse(one).unwrap().digest(), &Digest48::sha384(one));
    assert_ne!(
        PolicyBundle::parse(one).unwrap().digest(),
        PolicyBundle::parse(two).unwrap().digest()
    );
}

#[test]
fn syntax_error_names_its_line() {
    let error =
        refusal("permit(principal, action, resource);\n\npermit(principal action, resource);\n");
    assert_eq!(error.code().id, "policy.bundle.syntax");
    assert!(error.to_string().contains("line 3"), "{error}");
}

#[test]
fn unknown_action_names_its_line() {
    let error = refusal("// first\npermit(principal,\n  action == Action::\"sned\",\n  resource);");
    assert_eq!(error.code().id, "policy.bundle.invalid");
    assert!(error.to_string().contains("line 3"), "{error}");
    assert!(!error.to_string().contains('\n'), "{error}");
}

#[test]
fn the_first_of_several_errors_is_reported() {
    let bad = "permit(principal, action == Action::\"sned\", resource);\n";
    assert!(refusal(&bad.repeat(9)).to_string().contains("line 1"));
}

#[test]
fn every_misspelling_of_a_fact_is_refused() {
    for condition in [
        "context.tee == Tee::\"sev\"",
        "context.tee == \"snp\"",
        "context.tier == Tier::\"trusted\"",
        "context.direction == Direction::\"in\"",
        "context.simulatd == false",
        "context.simulated == \"no\"",
        "context.scope == \"translate\"",
        "7 like \"x\"",
        "principal.image == \"x\"",
        "principal == Agnt::\"planner\"",
        "context.binding == Binding::\"GRPCWEB\"",
        // A fact of an operation, asked of every action.
        "context.streaming",
        // Not always there: has to be guarded by `has`.
        "context.message_bytes < 10",
    ] {
        let policy = format!("permit(principal, action, resource) when {{ {condition} }};");
        assert_eq!(refusal(&policy).code().id, "policy.bundle.invalid", "{condition}");
    }
}

#[test]
fn a_policy_that_can_never_apply_is_refused() {
    let policy =
        "forbid(principal, action, resource) when { context.simulated && !context.simulated };";
    let never = "forbid(principal in Agent::\"a\", action, resource) when { false };";
    assert_eq!(refusal(never).code().id, "policy.bundle.invalid");
    // Cedar's validator does not see through this one; it is legal and harmless.
    assert!(PolicyBundle::parse(policy.as_bytes()).is_ok());
}

#[test]
fn letters_of_mixed_scripts_are_refused() {
    // The `а` in the middle is Cyrillic.
    let error = refusal("permit(principal == Agent::\"plаnner\", action, resource);");
    assert_eq!(error.code().id, "policy.bundle.invalid");
}

#[test]
fn templates_are_refused_and_not_ignored() {
    let error = refusal("forbid(principal == ?principal, action, resource);");
    assert_eq!(error.code().id, "policy.bundle.template");
}

#[test]
fn ids_are_unique() {
    let twice = "@id(\"a\")\npermit(principal, action, resource);\n@id(\"a\")\nforbid(principal, action, resource);";
    let error = refusal(twice);
    assert_eq!(error.code().id, "policy.bundle.duplicate_id");
    assert!(error.to_string().contains("line 3"), "{error}");
    assert_eq!(
        refusal("@id(\"\")\npermit(principal, action, resource);").code().id,
        "policy.bundle.duplicate_id"
    );
    // An id that another policy would be numbered with.
    let taken = "@id(\"policy1\")\npermit(principal, action, resource);\nforbid(principal, action, resource);";
    assert_eq!(refusal(taken).code().id, "policy.bundle.duplicate_id");
}

#[test]
fn sizes_are_bounded() {
    let comment = |len: usize| format!("//{}", "x".repeat(len - 2));
    assert!(PolicyBundle::parse(comment(BUNDLE_BYTES_MAX).as_bytes()).is_ok());
    assert_eq!(refusal(&comment(BUNDLE_BYTES_MAX + 1)).code().id, "policy.bundle.too_large");
    let many = "permit(principal, action, resource);".repeat(POLICIES_MAX + 1);
    assert_eq!(refusal(&many).code().id, "policy.bundle.too_large");
}

#[test]
fn bytes_that_are_not_text_are_refused() {
    let error = PolicyBundle::parse(b"// one\n// \xff").unwrap_err();
    assert_eq!(error.to_string(), "policy bundle is not UTF-8 text: invalid byte at line 2");
}

#[test]
fn deep_expressions_are_refused_and_neither_crash_nor_pass() {
    let chains = [
        format!("{}true{}", "(".repeat(20_000), ")".repeat(20_000)),
        format!("{}1{} == []", "[".repeat(200), "]".repeat(200)),
        format!("{}true", "if true then true else ".repeat(8_000)),
        // Cedar's validator finds nothing wrong with an unknown attribute at this depth.
        format!("context{}", ".a".repeat(1_000)),
    ];
    for condition in chains {
        let policy = format!("// one\npermit(principal, action, resource) when {{ {condition} }};");
        let error = refusal(&policy);
        assert_eq!(error.code().id, "policy.bundle.too_complex");
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}

#[test]
fn the_deepest_permitted_expressions_are_still_validated() {
    let depth = NESTING_MAX - 1;
    let nested = |fact: &str| format!("{}context.{fact}{}", "(".repeat(depth), ")".repeat(depth));
    let chained = |fact: &str| format!("context.{fact}{}", "&&true".repeat(OPERATORS_MAX / 2 - 1));
    for condition in [nested("simulated"), chained("simulated")] {
        let policy = format!("permit(principal, action, resource) when {{ {condition} }};");
        assert!(PolicyBundle::parse(policy.as_bytes()).is_ok());
    }
    let long = format!("context{}", ".a".repeat(OPERATORS_MAX));
    for condition in [nested("simulatd"), chained("simulatd"), long] {
        let policy = format!("permit(principal, action, resource) when {{ {condition} }};");
        assert_eq!(refusal(&policy).code().id, "policy.bundle.invalid");
    }
}

#[test]
fn brackets_in_strings_and_comments_do_not_count() {
    let text = format!(
        "permit(principal == Agent::\"a\\\"{0}\", action, resource); // {0}",
        "(".repeat(99)
    );
    assert!(PolicyBundle::parse(text.as_bytes()).is_ok());
    let many = "permit(principal, action, resource) when { context.simulated };\n"
        .repeat(OPERATORS_MAX + 1);
    assert!(PolicyBundle::parse(many.as_bytes()).is_ok());
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "[a-z(){}\",;: =?@&|!\n]{0,200}") {
        let _outcome = PolicyBundle::parse(text.as_bytes());
    }
}
