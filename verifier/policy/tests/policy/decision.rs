//! What is permitted, and by what.

use cloister_attestation::evidence::Tee;
use cloister_attestation::result::Tier;
use cloister_attestation::tdx::TcbStatus;
use cloister_policy::{
    Action, Binding, Decision, Direction, OperationFacts, OperationName, Origin, PolicyBundle,
    Protocol, Reason, Request, Subject,
};

use crate::{inbound, operation, planner, translator};

const EVERYTHING: &str = "permit(principal, action, resource);";

#[test]
fn an_empty_bundle_refuses_every_action() {
    for action in OperationName::ALL.map(operation).into_iter().chain([Action::Connect]) {
        let decision = inbound("", &planner(), action);
        assert!(!decision.allows(), "{action:?}");
        assert_eq!(decision.reason(), &Reason::NoPermit);
        assert!(decision.policies().is_empty());
    }
}

#[test]
fn every_action_and_fact_is_in_the_schema() {
    let facts = |name: OperationName, binding| OperationFacts {
        protocol: name.protocol(),
        version: "1.0",
        binding,
        name,
        streaming: false,
        message_bytes: None,
        media_types: None,
        extensions: &[],
        server: None,
        tool: None,
        resource: None,
    };
    let subjects =
        [Tee::Snp, Tee::Tdx].into_iter().flat_map(|tee| {
            [Tier::None, Tier::Affirming, Tier::Warning, Tier::Contraindicated]
                .map(|tier| Subject { tee, tier, ..planner() })
        });
    for subject in subjects {
        assert!(inbound(EVERYTHING, &subject, Action::Connect).allows(), "{subject:?}");
        for name in OperationName::ALL {
            for binding in [Binding::JsonRpc, Binding::HttpJson, Binding::WellKnown] {
                let decision =
                    inbound(EVERYTHING, &subject, Action::Operation(facts(name, binding)));
                assert!(decision.allows(), "{name} {binding}: {decision}");
            }
        }
    }
}

#[test]
fn connect_does_not_imply_operations_nor_the_reverse() {
    let connect = "permit(principal, action == Action::\"connect\", resource);";
    assert!(inbound(connect, &planner(), Action::Connect).allows());
    assert!(!inbound(connect, &planner(), operation(OperationName::Send)).allows());
    for (group, protocol) in [("a2a", Protocol::A2a), ("mcp", Protocol::Mcp)] {
        let whole = format!("permit(principal, action in Action::\"{group}\", resource);");
        assert!(!inbound(&whole, &planner(), Action::Connect).allows());
        for name in OperationName::ALL {
            let allowed = inbound(&whole, &planner(), operation(name)).allows();
            assert_eq!(allowed, name.protocol() == protocol, "{group} {name}");
        }
    }
}

#[test]
fn the_determining_policies_are_named() {
    let policies = "@id(\"b\") permit(principal, action, resource);
        @id(\"a\") permit(principal == Agent::\"planner\", action, resource);
        @id(\"no\") forbid(principal, action == Action::\"cancel\", resource);
        permit(principal == Agent::\"other\", action, resource);";
    let allowed = inbound(policies, &planner(), operation(OperationName::Get));
    assert_eq!(
        (allowed.allows(), allowed.policies()),
        (true, &["a".to_owned(), "b".to_owned()][..])
    );
    let denied = inbound(policies, &planner(), operation(OperationName::Cancel));
    assert_eq!((denied.reason(), denied.policies()), (&Reason::Forbidden, &["no".to_owned()][..]));
    assert_eq!(denied.to_string(), "forbidden by no");
}

#[test]
fn a_namesake_in_another_trust_domain_is_another_agent() {
    let policy = "permit(principal == Agent::\"planner\", action, resource);";
    let foreign = Subject { trust_domain: "evil.example".into(), ..planner() };
    assert!(inbound(policy, &planner(), Action::Connect).allows());
    assert!(!inbound(policy, &foreign, Action::Connect).allows());
    let federated = "permit(principal == Agent::\"planner@evil.example\", action, resource);";
    assert!(inbound(federated, &foreign, Action::Connect).allows());
    assert!(!inbound(federated, &planner(), Action::Connect).allows());
}

#[test]
fn each_attested_fact_decides() {
    let (good, other) = (planner(), planner);
    for (condition, changed) in [
        ("context.tee == Tee::\"snp\"", Subject { tee: Tee::Tdx, ..other() }),
        ("!context.simulated", Subject { simulated: true, ..other() }),
        ("context.tier == Tier::\"affirming\"", Subject { tier: Tier::Warning, ..other() }),
        ("context.image == \"planner-image\"", Subject { image: "x".into(), ..other() }),
        ("principal in Image::\"planner-image\"", Subject { image: "x".into(), ..other() }),
        ("context.version == \"1.2.0\"", Subject { version: "1.1.9".into(), ..other() }),
        (
            "context.scope.contains(\"translate\")",
            Subject { scope: vec!["plan".into()], ..other() },
        ),
        ("context.principal == \"acme.example\"", Subject { principal: "x".into(), ..other() }),
        ("principal in Principal::\"acme.example\"", Subject { principal: "x".into(), ..other() }),
        (
            "context.trust_domain == \"demo.example\"",
            Subject { trust_domain: "x".into(), ..other() },
        ),
        ("context.instance like \"0011*\"", Subject { instance: "ff".into(), ..other() }),
    ] {
        let policy = format!("permit(principal, action, resource) when {{ {condition} }};");
        assert!(inbound(&policy, &good, Action::Connect).allows(), "{condition}");
        assert!(!inbound(&policy, &changed, Action::Connect).allows(), "{condition}");
    }
}

#[test]
fn facts_of_the_operation_decide() {
    let policy = |condition: &str| {
        format!("permit(principal, action in Action::\"a2a\", resource) when {{ {condition} }};")
    };
    let ask =
        |condition: &str, name| inbound(&policy(condition), &planner(), operation(name)).allows();
    assert!(ask("context.streaming", OperationName::Stream));
    assert!(!ask("context.streaming", OperationName::Send));
    assert!(ask("context.binding == Binding::\"JSONRPC\"", OperationName::Send));
    assert!(!ask("context.binding == Binding::\"HTTP+JSON\"", OperationName::Send));
    assert!(ask("context.protocol_version == \"1.0\"", OperationName::Send));
    assert!(ask("context has message_bytes && context.message_bytes <= 1024", OperationName::Send));
    assert!(!ask("context has message_bytes && context.message_bytes < 1024", OperationName::Send));
}

#[test]
fn outbound_makes_the_peer_the_resource() {
    let bundle = PolicyBundle::parse(
        b"permit(principal == Agent::\"translator\", action, resource == Agent::\"planner\")
          when { context.direction == Direction::\"outbound\" && resource in Image::\"planner-image\"
                 && principal in Principal::\"words.example\" };",
    )
    .unwrap();
    let (peer, local) = (planner(), translator());
    let ask = |direction| {
        bundle.decide(&Request { direction, peer: &peer, local: &local, action: Action::Connect })
    };
    assert!(ask(Direction::Outbound).allows());
    assert!(!ask(Direction::Inbound).allows());
}

#[test]
fn another_runtime_of_the_same_agent_is_a_peer_like_any_other() {
    let twin = Subject { agent: "translator".into(), ..planner() };
    let policy =
        "permit(principal == Agent::\"translator\", action, resource == Agent::\"translator\")
        when { principal in Image::\"planner-image\" };";
    assert!(inbound(policy, &twin, Action::Connect).allows());
}

#[test]
fn a_policy_that_fails_to_evaluate_denies_what_others_permit() {
    let overflow = "permit(principal, action, resource);
        forbid(principal, action in Action::\"a2a\", resource)
        when { context has message_bytes && context.message_bytes * 9223372036854775807 > 0 };";
    let decision = inbound(overflow, &planner(), operation(OperationName::Send));
    assert!(!decision.allows());
    assert!(matches!(decision.reason(), Reason::Failed(_)), "{decision}");
}

/// One operation with facts of every kind.
fn rich<'a>(extensions: &'a [String], media_types: &'a [String]) -> OperationFacts<'a> {
    OperationFacts {
        protocol: Protocol::Mcp,
        version: "2026-07-28",
        binding: Binding::StreamableHttp,
        name: OperationName::ToolsCall,
        streaming: false,
        message_bytes: None,
        media_types: Some(media_types),
        extensions,
        server: Some("files"),
        tool: Some("read/all"),
        resource: Some("file:///etc/motd"),
    }
}

#[test]
fn facts_that_may_be_absent_decide_where_they_are_there_and_deny_where_they_are_not() {
    let (extensions, types) = (["urn:x".to_owned()], ["text/plain".to_owned()]);
    let there = Action::Operation(rich(&extensions, &types));
    let absent = Action::Operation(OperationFacts {
        media_types: None,
        extensions: &[],
        server: None,
        tool: None,
        resource: None,
        ..rich(&extensions, &types)
    });
    for condition in [
        "context has server && context.server == Server::\"files\"",
        "context has tool && context.tool == Tool::\"files/read/all\"",
        "context has tool_name && context.tool_name like \"read/*\"",
        "context has resource && context.resource like \"file://*\"",
        "context has media_types && [\"text/plain\"].containsAll(context.media_types)",
        "context.extensions.contains(\"urn:x\")",
    ] {
        let policy = format!(
            "permit(principal, action == Action::\"tools_call\", resource) when {{ {condition} }};"
        );
        assert!(inbound(&policy, &planner(), there).allows(), "{condition}");
        assert!(!inbound(&policy, &planner(), absent).allows(), "{condition}");
    }
}

#[test]
fn what_the_vendor_or_the_operator_says_decides_where_somebody_says_it() {
    let said = Subject {
        tcb_status: Some(TcbStatus::UpToDate),
        region_claim: Some("eu-west-1".into()),
        ..planner()
    };
    for condition in [
        "context has tcb_status && context.tcb_status == TcbStatus::\"UpToDate\"",
        "context has region_claim && context.region_claim like \"eu-*\"",
    ] {
        let policy = format!("permit(principal, action, resource) when {{ {condition} }};");
        assert!(inbound(&policy, &said, Action::Connect).allows(), "{condition}");
        assert!(!inbound(&policy, &planner(), Action::Connect).allows(), "{condition}");
    }
    for tcb_status in TcbStatus::ALL.map(Some) {
        let subject = Subject { tcb_status, ..planner() };
        assert!(inbound(EVERYTHING, &subject, Action::Connect).allows(), "{tcb_status:?}");
    }
}

#[test]
fn a_delegated_operation_is_asked_about_with_who_began_it() {
    let origin = Origin {
        agent: "concierge".into(),
        trust_domain: "demo.example".into(),
        principal: "guests.example".into(),
    };
    let delegated = Subject { on_behalf_of: Some(origin), scope: vec![], ..planner() };
    let send = || operation(OperationName::Send);
    for condition in [
        "context.delegated",
        "context has on_behalf_of && context.on_behalf_of == Agent::\"concierge\"",
        "context has on_behalf_of && context.on_behalf_of in Principal::\"guests.example\"",
    ] {
        let policy = format!(
            "permit(principal, action in Action::\"a2a\", resource) when {{ {condition} }};"
        );
        assert!(inbound(&policy, &delegated, send()).allows(), "{condition}");
        assert!(!inbound(&policy, &planner(), send()).allows(), "{condition}");
    }
    let itself = Origin {
        agent: "planner".into(),
        trust_domain: "demo.example".into(),
        principal: "evil.example".into(),
    };
    let policy = "permit(principal in Principal::\"evil.example\", action, resource);";
    let delegated = Subject { on_behalf_of: Some(itself), ..planner() };
    assert!(!inbound(policy, &delegated, send()).allows(), "the lease of the peer counts");
}

#[test]
fn a_request_that_brings_too_much_or_an_ambiguous_tool_is_denied() {
    let many = |count: usize, len: usize| vec!["x".repeat(len); count];
    assert!(everything(rich(&many(64, 2048), &many(64, 2048))).allows());
    for (extensions, types) in [(many(65, 1), vec![]), (vec![], many(1, 2049))] {
        let decision = everything(rich(&extensions, &types));
        assert!(matches!(decision.reason(), Reason::Failed(_)), "{decision}");
    }
    for server in [None, Some("files/read")] {
        let decision = everything(OperationFacts { server, ..rich(&[], &[]) });
        assert!(matches!(decision.reason(), Reason::Failed(_)), "{decision}");
    }
}

#[test]
fn what_no_policy_speaks_of_is_out_of_bounds_all_the_same() {
    let bundle = PolicyBundle::parse(EVERYTHING.as_bytes()).unwrap();
    let (peer, local, many) = (planner(), translator(), vec![String::new(); 65]);
    let asked = |facts| {
        let (direction, action) = (Direction::Inbound, Action::Operation(facts));
        bundle.decide(&Request { direction, peer: &peer, local: &local, action })
    };
    for _ in 0..2 {
        assert!(asked(rich(&[], &[])).allows());
    }
    for facts in [
        rich(&many, &[]),
        rich(&[], &many),
        OperationFacts { server: Some("files/read"), ..rich(&[], &[]) },
    ] {
        let decision = asked(facts);
        assert!(matches!(decision.reason(), Reason::Failed(_)), "{decision}");
    }
}

fn everything(facts: OperationFacts<'_>) -> Decision {
    inbound(EVERYTHING, &planner(), Action::Operation(facts))
}
