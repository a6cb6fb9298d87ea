//! Visitors: nothing is attested of them, and nothing is permitted to them by the way.

use cloister_policy::{
    Action, Decision, OperationName, PolicyBundle, PolicyError, Reason, VisitorRequest,
};

use crate::{inbound, operation, planner, translator};

const WELCOME: &str = "permit(principal is Visitor, action, resource);";

/// What `policies` answer when a visitor asks the translator for `action`.
fn visitor(policies: &str, action: Action<'_>) -> Decision {
    let bundle = PolicyBundle::parse(policies.as_bytes()).unwrap();
    bundle.decide_visitor(&VisitorRequest { local: &translator(), action })
}

fn every_action() -> impl Iterator<Item = Action<'static>> {
    OperationName::ALL.map(operation).into_iter().chain([Action::Connect])
}

#[test]
fn nothing_is_permitted_to_a_visitor_unless_a_policy_names_visitors() {
    for wide in [
        "",
        "permit(principal, action, resource);",
        "permit(principal is Agent, action, resource);",
        "permit(principal, action, resource == Agent::\"translator\")
         when { context.direction == Direction::\"inbound\" };",
    ] {
        for action in every_action() {
            let decision = visitor(wide, action);
            assert_eq!(decision.reason(), &Reason::NoPermit, "{wide}: {action:?}");
        }
    }
}

#[test]
fn every_action_can_be_permitted_to_a_visitor() {
    for action in every_action() {
        for policy in [WELCOME, "permit(principal == Visitor::\"anonymous\", action, resource);"] {
            let decision = visitor(policy, action);
            assert!(decision.allows(), "{action:?}: {decision}");
        }
    }
}

#[test]
fn what_is_permitted_to_visitors_is_permitted_to_nobody_else() {
    for action in every_action() {
        assert_eq!(inbound(WELCOME, &planner(), action).reason(), &Reason::NoPermit);
    }
}

#[test]
fn visitors_are_let_do_what_is_named_and_no_more() {
    let policy = "permit(principal is Visitor, action in [Action::\"connect\", Action::\"card\",
        Action::\"send\"], resource == Agent::\"translator\")
        unless { context has message_bytes && context.message_bytes > 4096 };";
    let asked = [OperationName::Card, OperationName::Send, OperationName::Get];
    let permitted = asked.map(|name| visitor(policy, operation(name)).allows());
    assert_eq!(permitted, [true, true, false]);
    assert!(visitor(policy, Action::Connect).allows());
    let elsewhere = "permit(principal is Visitor, action, resource == Agent::\"another\");";
    assert!(!visitor(elsewhere, Action::Connect).allows());
}

#[test]
fn whatever_forbids_without_naming_somebody_else_binds_visitors() {
    let send = operation(OperationName::Send);
    for (forbids, binds) in [
        ("forbid(principal, action, resource);", true),
        ("forbid(principal, action == Action::\"send\", resource);", true),
        ("forbid(principal, action == Action::\"cancel\", resource);", false),
        ("forbid(principal is Visitor, action in Action::\"a2a\", resource);", true),
        ("forbid(principal is Agent, action, resource);", false),
        ("forbid(principal == Agent::\"planner\", action, resource);", false),
        (
            "forbid(principal, action, resource)
             when { context.direction == Direction::\"outbound\" };",
            false,
        ),
    ] {
        let decision = visitor(&format!("{WELCOME}\n{forbids}"), send);
        assert_eq!(!decision.allows(), binds, "{forbids}: {decision}");
    }
}

#[test]
fn a_policy_that_forbids_by_an_attested_fact_denies_whoever_has_none() {
    for condition in ["context.simulated", "context.tier != Tier::\"affirming\""] {
        let policies =
            format!("{WELCOME}\nforbid(principal, action, resource) when {{ {condition} }};");
        let decision = visitor(&policies, Action::Connect);
        assert!(matches!(decision.reason(), Reason::Failed(_)), "{condition}: {decision}");
    }
}

#[test]
fn a_policy_for_visitors_that_asks_for_attested_facts_is_refused_with_its_line() {
    for condition in
        ["context.tee == Tee::\"snp\"", "context.simulated", "principal in Image::\"x\""]
    {
        let policies =
            format!("\npermit(principal is Visitor, action, resource) when {{ {condition} }};");
        let refused = PolicyBundle::parse(policies.as_bytes());
        assert!(
            matches!(&refused, Err(PolicyError::Invalid { at, .. }) if at.line() == Some(2)),
            "{condition}: {refused:?}"
        );
    }
}

#[test]
fn policies_for_attested_peers_are_judged_as_if_there_were_no_visitors() {
    // Every action applies to agents only, so a condition on attested facts fits all of them.
    let policies = "permit(principal, action, resource) when { context.tee == Tee::\"snp\" };
        permit(principal is Visitor, action, resource);";
    let bundle = PolicyBundle::parse(policies.as_bytes()).unwrap();
    assert_eq!(bundle.policies(), 2);
    assert!(inbound(policies, &planner(), Action::Connect).allows());
    let spoken_of = "permit(principal, action, resource) when { principal is Visitor };";
    assert!(PolicyBundle::parse(spoken_of.as_bytes()).is_err());
}

#[test]
fn one_id_names_one_policy_whoever_it_is_about() {
    let twice = "@id(\"a\") permit(principal is Visitor, action, resource);
        @id(\"a\") forbid(principal, action == Action::\"cancel\", resource);";
    assert!(matches!(PolicyBundle::parse(twice.as_bytes()), Err(PolicyError::DuplicateId { .. })));
}
