//! What a policy is taken apart into.

use cloister_policy::{
    Direction, Effect, Explanation, OperationName, PolicyBundle, Request, State, Subject,
};

use crate::{operation, planner, translator};

fn explain(policies: &str, peer: &Subject) -> Explanation {
    let bundle = PolicyBundle::parse(policies.as_bytes()).unwrap();
    bundle.explain(&Request {
        direction: Direction::Inbound,
        peer,
        local: &translator(),
        action: operation(OperationName::Send),
    })
}

#[test]
fn every_part_of_a_policy_is_told_with_what_became_of_it() {
    let policies = r#"@id("p") permit(principal == Agent::"planner", action in [Action::"send", Action::"get"],
        resource) when { context.tee == Tee::"tdx" && context.simulated == false && context.server == Server::"x" }
        unless { context.version == "1.2.0" || context.streaming };"#
        .replace(" && context.server == Server::\"x\"", " && (context has server && context.server == Server::\"x\")");
    let explanation = explain(&policies, &planner());
    let [policy] = explanation.policies.as_slice() else { panic!("one policy") };
    let told: Vec<_> = policy
        .clauses
        .iter()
        .map(|clause| (clause.text.as_str(), clause.state == State::Met))
        .collect();
    assert_eq!(
        told,
        [
            ("principal == Agent::\"planner\"", true),
            ("action in [Action::\"send\",Action::\"get\"]", true),
            ("context.tee == Tee::\"tdx\"", false),
            ("context.simulated == false", true),
            ("context has server", false),
            ("context.server == Server::\"x\"", false),
            ("!(context.version == \"1.2.0\")", false),
            ("!context.streaming", true),
        ]
    );
    assert!(matches!(policy.clauses[5].state, State::Failed(_)));
    assert_eq!((policy.effect, policy.unmet().count()), (Effect::Permit, 4));
    assert!(!explanation.decision.allows());
    assert_eq!(explanation.principal, "Agent::\"planner\"");
    assert!(explanation.facts.contains(&("tee".into(), "Tee::\"snp\"".into())));
}

#[test]
fn a_policy_whose_parts_all_hold_is_the_one_that_decides() {
    let policies = "@id(\"all\") permit(principal, action, resource);
        @id(\"not\") forbid(principal, action, resource) when { context.simulated };";
    for simulated in [false, true] {
        let explanation = explain(policies, &Subject { simulated, ..planner() });
        let whole = explanation.policies.iter().filter(|policy| policy.unmet().count() == 0);
        let whole: Vec<&str> = whole.map(|policy| policy.id.as_str()).collect();
        let decided = explanation.decision.policies();
        assert!(decided.iter().all(|id| whole.contains(&id.as_str())), "{whole:?} {decided:?}");
        assert_eq!(explanation.decision.allows(), !simulated);
    }
}
