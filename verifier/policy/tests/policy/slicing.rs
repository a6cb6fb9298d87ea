//! Decisions are kept short by leaving out what cannot apply. They have to come out as if nothing
//! were left out: an explanation asks every policy, part by part.

use cloister_attestation::evidence::Tee;
use cloister_attestation::tdx::TcbStatus;
use cloister_policy::{
    Action, Direction, Effect, OperationFacts, OperationName, Origin, PolicyBundle, Reason,
    Request, State, Subject,
};
use proptest::prelude::*;

use crate::{operation, planner, translator};

/// Conditions about the peer, about the request, and some that fail to evaluate for some requests.
const CONDITIONS: [&str; 12] = [
    "context.tee == Tee::\"snp\"",
    "!context.simulated",
    "context.scope.contains(\"plan\")",
    "(context has tcb_status && context.tcb_status == TcbStatus::\"UpToDate\")",
    "principal in Image::\"planner-image\"",
    "context.streaming",
    "(context has message_bytes && context.message_bytes < 100)",
    "context.delegated",
    "(context has message_bytes && context.message_bytes * 9223372036854775807 > 0)",
    "(context.streaming || context.tee == Tee::\"tdx\")",
    "(if context.simulated then context.streaming else true)",
    "context.extensions.contains(\"urn:x\")",
];

const SCOPES: [&str; 4] = [
    "principal, action in Action::\"a2a\", resource",
    "principal == Agent::\"planner\", action in Action::\"a2a\", resource",
    "principal, action in [Action::\"send\", Action::\"get\"], resource == Agent::\"translator\"",
    "principal in Principal::\"else.example\", action in Action::\"a2a\", resource",
];

fn policy() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(vec!["when", "unless"]);
    let conditions = prop::collection::vec(prop::sample::select(CONDITIONS.to_vec()), 1..4);
    let clause = (kind, conditions, prop::sample::select(vec![" && ", " || "]));
    let clause = clause.prop_map(|(kind, all, with)| format!("{kind} {{ {} }}", all.join(with)));
    (any::<bool>(), prop::sample::select(SCOPES.to_vec()), prop::collection::vec(clause, 0..3))
        .prop_map(|(permits, scope, clauses)| {
            let effect = if permits { "permit" } else { "forbid" };
            format!("{effect}({scope}) {};", clauses.join(" "))
        })
}

fn subject() -> impl Strategy<Value = Subject> {
    any::<(bool, bool, bool, bool)>().prop_map(|(tdx, simulated, scoped, delegated)| Subject {
        tee: if tdx { Tee::Tdx } else { Tee::Snp },
        tcb_status: tdx.then_some(TcbStatus::UpToDate),
        simulated,
        scope: if scoped { vec!["plan".into()] } else { vec![] },
        on_behalf_of: delegated.then(|| Origin {
            agent: "concierge".into(),
            trust_domain: "demo.example".into(),
            principal: "else.example".into(),
        }),
        ..planner()
    })
}

/// What each policy comes to, asked whole.
fn asked_whole(bundle: &PolicyBundle, request: &Request<'_>) -> (bool, bool, bool) {
    let (mut permits, mut forbids, mut fails) = (false, false, false);
    for policy in bundle.explain(request).policies {
        // Cedar stops at the first part that does not hold: what comes after cannot fail.
        match policy.clauses.iter().find(|clause| clause.state != State::Met).map(|it| &it.state) {
            None if policy.effect == Effect::Permit => permits = true,
            None => forbids = true,
            Some(State::Failed(_)) => fails = true,
            Some(State::Met | State::Unmet) => {}
        }
    }
    (permits, forbids, fails)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_left_out_could_not_have_decided(
        policies in prop::collection::vec(policy(), 1..6),
        subjects in prop::collection::vec(subject(), 1..4),
        streaming: bool,
        message_bytes in prop::sample::select(vec![None, Some(0), Some(1), Some(50), Some(5000)]),
    ) {
        let bundle = PolicyBundle::parse(policies.join("\n").as_bytes());
        // A condition that can never hold is refused.
        prop_assume!(bundle.is_ok());
        let bundle = bundle.unwrap();
        let local = translator();
        // One instance, whose facts change: what was prepared for the others is not used.
        for peer in subjects.iter().chain(&subjects) {
            for name in [OperationName::Send, OperationName::Cancel] {
                let Action::Operation(facts) = operation(name) else { unreachable!() };
                let action = Action::Operation(OperationFacts { streaming, message_bytes, ..facts });
                let request = Request { direction: Direction::Inbound, peer, local: &local, action };
                let (permits, forbids, fails) = asked_whole(&bundle, &request);
                // The second time nothing is asked but what the policies speak of.
                for _ in 0..2 {
                    let decision = bundle.decide(&request);
                    let allows = permits && !forbids && !fails;
                    prop_assert_eq!(decision.allows(), allows, "{}", decision);
                    prop_assert_eq!(matches!(decision.reason(), Reason::Failed(_)), fails);
                }
            }
        }
    }
}

#[test]
fn a_beginning_that_fails_to_evaluate_denies() {
    let policies = "permit(principal, action, resource);
        forbid(principal, action in Action::\"a2a\", resource)
        when { context has message_bytes && context.message_bytes * 9223372036854775807 > 0 };";
    let bundle = PolicyBundle::parse(policies.as_bytes()).unwrap();
    let (peer, local) = (planner(), translator());
    for _ in 0..2 {
        let action = operation(OperationName::Send);
        let direction = Direction::Inbound;
        let decision = bundle.decide(&Request { direction, peer: &peer, local: &local, action });
        assert!(matches!(decision.reason(), Reason::Failed(_)), "{decision}");
    }
}
