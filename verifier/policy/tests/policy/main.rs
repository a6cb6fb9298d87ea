//! Bundles and decisions, through the public interface.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod bundle;
mod codes;
mod decision;
mod explanation;
mod limits;
mod slicing;
mod visitor;

use cloister_attestation::evidence::Tee;
use cloister_attestation::result::Tier;
use cloister_policy::{
    Action, Binding, Decision, Direction, LocalAgent, OperationFacts, OperationName, PolicyBundle,
    Request, Subject,
};

/// A planner on genuine SNP hardware.
fn planner() -> Subject {
    Subject {
        agent: "planner".into(),
        trust_domain: "demo.example".into(),
        instance: "00112233445566778899aabbccddeeff".into(),
        principal: "acme.example".into(),
        scope: vec!["plan".into(), "translate".into()],
        image: "planner-image".into(),
        version: "1.2.0".into(),
        tee: Tee::Snp,
        simulated: false,
        tier: Tier::Affirming,
        tcb_status: None,
        region_claim: None,
        on_behalf_of: None,
    }
}

fn translator() -> LocalAgent {
    LocalAgent {
        agent: "translator".into(),
        trust_domain: "demo.example".into(),
        principal: "words.example".into(),
    }
}

fn operation(name: OperationName) -> Action<'static> {
    Action::Operation(OperationFacts {
        protocol: name.protocol(),
        version: "1.0",
        binding: Binding::JsonRpc,
        name,
        streaming: matches!(name, OperationName::Stream | OperationName::Subscribe),
        message_bytes: Some(1024),
        media_types: None,
        extensions: &[],
        server: None,
        tool: None,
        resource: None,
    })
}

/// What `policies` answer when `peer` asks the translator for `action`.
fn inbound(policies: &str, peer: &Subject, action: Action<'_>) -> Decision {
    let bundle = PolicyBundle::parse(policies.as_bytes()).unwrap();
    let local = translator();
    bundle.decide(&Request { direction: Direction::Inbound, peer, local: &local, action })
}
