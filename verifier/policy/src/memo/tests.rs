use cloister_attestation::evidence::Tee;
use cloister_attestation::result::Tier;
use proptest::prelude::*;

use super::{Key, Memo, Mentioned};
use crate::PolicyBundle;
use crate::decision::{Decision, Reason};
use crate::limits::{ANSWER_FACTS_BYTES_MAX, ANSWER_POLICIES_MAX, ANSWERS_MAX, FACTS_LISTED_MAX};
use crate::operation::{Action, Binding, OperationFacts, OperationName};
use crate::request::{Direction, LocalAgent, Request, Subject};

/// Each mentions other facts.
const BUNDLES: [&str; 6] = [
    "permit(principal, action, resource);",
    r#"permit(principal, action in Action::"a2a", resource)
       when { context has message_bytes && context.message_bytes <= 100 };
       forbid(principal, action in Action::"a2a", resource) when { context.streaming };"#,
    r#"permit(principal, action in Action::"mcp", resource)
       when { context has tool_name && context.tool_name like "read_*" };
       forbid(principal, action in Action::"mcp", resource)
       when { context has tool && context.tool == Tool::"files/read_b" };"#,
    r#"permit(principal, action in [Action::"a2a", Action::"mcp"], resource)
       when { context.protocol_version == "1.0" };
       forbid(principal, action in Action::"a2a", resource)
       unless { context.extensions.contains("urn:a") };"#,
    r#"permit(principal, action in [Action::"a2a", Action::"mcp"], resource)
       when { context has media_types
              && ["text/plain", "image/png"].containsAll(context.media_types) };"#,
    r#"permit(principal, action in [Action::"a2a", Action::"mcp"], resource)
       when { context has resource && context.resource like "file:*"
              && context.scope.contains("plan") };
       permit(principal, action in [Action::"a2a", Action::"mcp"], resource)
       when { context.binding == Binding::"GRPC"
              || (context has server && context.server == Server::"files") };"#,
];

/// What a request says, owned.
#[derive(Clone, Debug)]
struct Said {
    name: OperationName,
    binding: Binding,
    version: &'static str,
    streaming: bool,
    message_bytes: Option<u64>,
    media_types: Option<Vec<String>>,
    extensions: Vec<String>,
    server: Option<&'static str>,
    tool: Option<&'static str>,
    resource: Option<&'static str>,
    scope: bool,
    direction: Direction,
}

fn texts(from: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(prop::sample::select(from).prop_map(str::to_owned), 0..3)
}

fn said() -> impl Strategy<Value = Said> {
    let name = prop::sample::select(vec![
        OperationName::Send,
        OperationName::Get,
        OperationName::ToolsCall,
        OperationName::ResourcesRead,
    ]);
    let binding = prop::sample::select(vec![Binding::JsonRpc, Binding::Grpc]);
    let shape = (name, binding, prop::sample::select(vec!["1.0", "0.3"]), any::<bool>());
    let lists = (
        prop::option::of(prop::sample::select(vec![0_u64, 99, 100, 101, u64::MAX])),
        prop::option::of(texts(&["text/plain", "image/png", "audio/x"])),
        texts(&["urn:a", "urn:b"]),
    );
    let places = (
        prop::option::of(prop::sample::select(vec!["files", "fi/les", "other"])),
        prop::option::of(prop::sample::select(vec!["read_a", "read_b", "write"])),
        prop::option::of(prop::sample::select(vec!["file:x", "http:x"])),
    );
    let peer = (any::<bool>(), prop::sample::select(vec![Direction::Inbound, Direction::Outbound]));
    (shape, lists, places, peer).prop_map(|(shape, lists, places, peer)| Said {
        name: shape.0,
        binding: shape.1,
        version: shape.2,
        streaming: shape.3,
        message_bytes: lists.0,
        media_types: lists.1,
        extensions: lists.2,
        server: places.0,
        tool: places.1,
        resource: places.2,
        scope: peer.0,
        direction: peer.1,
    })
}

impl Said {
    const fn least() -> Self {
        Self {
            name: OperationName::Send,
            binding: Binding::JsonRpc,
            version: "1.0",
            streaming: false,
            message_bytes: None,
            media_types: None,
            extensions: Vec::new(),
            server: None,
            tool: None,
            resource: None,
            scope: false,
            direction: Direction::Inbound,
        }
    }

    fn facts(&self) -> OperationFacts<'_> {
        OperationFacts {
            protocol: self.name.protocol(),
            version: self.version,
            binding: self.binding,
            name: self.name,
            streaming: self.streaming,
            message_bytes: self.message_bytes,
            media_types: self.media_types.as_deref(),
            extensions: &self.extensions,
            server: self.server,
            tool: self.tool,
            resource: self.resource,
        }
    }

    fn peer(&self) -> Subject {
        Subject {
            agent: "planner".into(),
            trust_domain: "acme.example".into(),
            instance: "01".into(),
            principal: "acme.example".into(),
            scope: if self.scope { vec!["plan".into()] } else { Vec::new() },
            image: "planner".into(),
            version: "1.0.0".into(),
            tee: Tee::Snp,
            simulated: false,
            tier: Tier::Affirming,
            tcb_status: None,
            region_claim: None,
            on_behalf_of: None,
        }
    }
}

fn local() -> LocalAgent {
    LocalAgent {
        agent: "executor".into(),
        trust_domain: "acme.example".into(),
        principal: "acme.example".into(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_remembered_is_what_cedar_answers(
        bundle in prop::sample::select(BUNDLES.to_vec()),
        asked in prop::collection::vec(said(), 1..40),
    ) {
        let (bundle, local) = (PolicyBundle::parse(bundle.as_bytes()).unwrap(), local());
        // Twice, so that each is answered from memory after every other one was.
        for said in asked.iter().chain(&asked) {
            let (peer, action) = (said.peer(), Action::Operation(said.facts()));
            let request = Request { direction: said.direction, peer: &peer, local: &local, action };
            prop_assert_eq!(bundle.decide(&request), bundle.decide_anew(&request), "{:?}", said);
        }
    }
}

#[test]
fn what_is_malformed_or_long_is_asked_about_anew() {
    let facts = OperationFacts {
        protocol: OperationName::ToolsCall.protocol(),
        version: "2026-07-28",
        binding: Binding::StreamableHttp,
        name: OperationName::ToolsCall,
        streaming: false,
        message_bytes: None,
        media_types: None,
        extensions: &[],
        server: Some("files"),
        tool: Some("read"),
        resource: None,
    };
    let key = |facts, mentioned: &Mentioned| {
        Key::of(&Action::Operation(facts), mentioned).map(Key::into_owned)
    };
    let all = Mentioned::All;
    assert!(key(facts, &all).is_some());
    assert!(key(OperationFacts { server: Some("a/b"), ..facts }, &all).is_none());
    assert!(key(OperationFacts { server: None, ..facts }, &all).is_none());
    let many = vec![String::new(); FACTS_LISTED_MAX + 1];
    assert!(key(OperationFacts { extensions: &many, ..facts }, &Mentioned::none()).is_none());
    let long = "x".repeat(ANSWER_FACTS_BYTES_MAX);
    let resource = OperationFacts { resource: Some(&long), ..facts };
    assert!(key(resource, &all).is_none());
    let short = OperationFacts { resource: Some("y"), ..facts };
    assert_eq!(key(resource, &Mentioned::none()), key(short, &Mentioned::none()));
    assert_eq!(Key::of(&Action::Connect, &all), None);
}

fn send(version: &str) -> Key<'_> {
    let facts = OperationFacts {
        protocol: OperationName::Send.protocol(),
        version,
        binding: Binding::JsonRpc,
        name: OperationName::Send,
        streaming: false,
        message_bytes: None,
        media_types: None,
        extensions: &[],
        server: None,
        tool: None,
        resource: None,
    };
    Key::of(&Action::Operation(facts), &Mentioned::All).unwrap()
}

#[test]
fn the_latest_answers_are_remembered_and_no_more_than_fit() {
    let memo = Memo::default();
    let versions: Vec<_> = (0..=ANSWERS_MAX).map(|at| at.to_string()).collect();
    for version in &versions {
        memo.keep(send(version), &Decision::new(Reason::NoPermit, vec![version.clone()]));
    }
    assert_eq!(memo.find(&send("0")), None);
    for version in &versions[1..] {
        assert_eq!(memo.find(&send(version)).unwrap().policies(), std::slice::from_ref(version));
    }
}

#[test]
fn failures_and_answers_that_name_many_policies_are_not_remembered() {
    let memo = Memo::default();
    memo.keep(send("a"), &Decision::failed("once"));
    let many = vec![String::new(); ANSWER_POLICIES_MAX + 1];
    memo.keep(send("b"), &Decision::new(Reason::Forbidden, many));
    assert_eq!((memo.find(&send("a")), memo.find(&send("b"))), (None, None));
}

#[test]
fn another_state_of_the_peer_is_asked_about_anew() {
    let bundle = PolicyBundle::parse(
        br#"permit(principal, action, resource) when { context.scope.contains("plan") };"#,
    )
    .unwrap();
    let said = Said { scope: true, ..Said::least() };
    let ask = |peer: &Subject| {
        let action = Action::Operation(said.facts());
        bundle
            .decide(&Request { direction: Direction::Inbound, peer, local: &local(), action })
            .allows()
    };
    let (with, without) = (said.peer(), Said::least().peer());
    for (peer, permitted) in [(&with, true), (&with, true), (&without, false), (&with, true)] {
        assert_eq!(ask(peer), permitted);
    }
}
