//! Limits that stand before a policy.

use cloister_attestation::code::Diagnostic;
use cloister_policy::{Action, OperationName, PolicyBundle};

use crate::{inbound, operation, planner};

#[test]
fn a_permission_comes_with_the_limits_of_every_policy_that_permits() {
    let policies = r#"
        @id("b") @rate("20/s") @concurrency("8") permit(principal, action, resource);
        @id("a") @message_bytes("65536") permit(principal == Agent::"planner", action, resource);
        @id("c") @rate("1/h") permit(principal == Agent::"other", action, resource);
        @id("d") @description("no limit") permit(principal, action, resource);"#;
    let decision = inbound(policies, &planner(), operation(OperationName::Send));
    let [a, b] = decision.limited() else { panic!("{decision:?}") };
    assert_eq!((a.policy.as_str(), a.limits.message_bytes), ("a", Some(65_536)));
    assert_eq!((a.limits.rate, a.limits.concurrency), (None, None));
    let rate = b.limits.rate.unwrap();
    assert_eq!((rate.count(), rate.period().as_secs()), (20, 1));
    assert_eq!((rate.to_string().as_str(), b.limits.concurrency), ("20/s", Some(8)));
}

#[test]
fn what_is_denied_has_no_limits() {
    let policies = "@rate(\"1/s\") permit(principal, action, resource);
        forbid(principal, action == Action::\"connect\", resource);";
    assert!(inbound(policies, &planner(), Action::Connect).limited().is_empty());
}

#[test]
fn annotations_that_would_limit_nothing_are_refused_with_their_line() {
    for annotation in [
        "@rte(\"20/s\")",
        "@rate(\"20\")",
        "@rate(\"0/s\")",
        "@rate(\"20/d\")",
        "@rate(\"-1/s\")",
        "@rate(\"4294967296/s\")",
        "@rate",
        "@concurrency(\"0\")",
        "@concurrency(\"many\")",
        "@message_bytes(\"1k\")",
        "@message_bytes(\"-1\")",
    ] {
        let policy = format!("// one\n\n{annotation}\npermit(principal, action, resource);");
        let error = PolicyBundle::parse(policy.as_bytes()).unwrap_err();
        assert_eq!(error.code().id, "policy.bundle.annotation", "{annotation}");
        assert!(error.to_string().contains("line 3"), "{annotation}: {error}");
    }
    let forbids = "@rate(\"1/s\") forbid(principal, action, resource);";
    let error = PolicyBundle::parse(forbids.as_bytes()).unwrap_err();
    assert_eq!(error.code().id, "policy.bundle.annotation");
}
