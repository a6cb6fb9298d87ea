//! Authorization: one decision, with a hundred policies loaded.

use anyhow::{Context as _, Result, ensure};
use cloister_attestation::evidence::Tee;
use cloister_attestation::result::Tier;
use cloister_policy::{
    Action, Binding, Direction, LocalAgent, OperationFacts, OperationName, PolicyBundle, Request,
    Subject,
};

use crate::timing::{Measured, tail};

const POLICIES: usize = 100;
const PEERS: usize = 16;

/// The 99th percentile of decisions about sixteen peers that call in turns. Every policy has to be
/// looked at for every one of them: none names a principal, and all are about the action.
pub(crate) fn decide() -> Result<Measured> {
    let bundle = PolicyBundle::parse(bundle().as_bytes())?;
    let peers: Vec<Subject> = (0..PEERS).map(peer).collect();
    let local = LocalAgent {
        agent: "executor".into(),
        trust_domain: "acme.example".into(),
        principal: "acme.example".into(),
    };
    let extensions = ["https://acme.example/ext/v1".to_owned()];
    let mut turn = 0_usize;
    let own = || {
        turn = turn.wrapping_add(1);
        let peer = peers.get(turn % PEERS).context("a peer")?;
        let action = operation(turn, &extensions);
        let direction = Direction::Inbound;
        let decision = bundle.decide(&Request { direction, peer, local: &local, action });
        ensure!(decision.allows(), "{decision}");
        Ok(())
    };
    tail(format!("{POLICIES} policies, {PEERS} peers"), own)
}

fn bundle() -> String {
    let one = |at: usize| {
        format!(
            "@id(\"p{at}\")\npermit(principal, action in [Action::\"a2a\", Action::\"mcp\"], \
             resource == Agent::\"executor\")\nwhen {{\n  context.direction == Direction::\"inbound\" \
             &&\n  !context.simulated && context.tier == Tier::\"affirming\" &&\n  \
             context.scope.contains(\"scope-{at}\") &&\n  context has message_bytes && \
             context.message_bytes <= {}\n}};\n",
            at * 1024 + 1024
        )
    };
    (0..POLICIES).map(one).collect()
}

fn peer(at: usize) -> Subject {
    Subject {
        agent: format!("planner-{at}"),
        trust_domain: "acme.example".into(),
        instance: format!("{at:032x}"),
        principal: "acme.example".into(),
        scope: vec!["plan".into(), format!("scope-{}", at + 60)],
        image: "planner".into(),
        version: "1.2.0".into(),
        tee: Tee::Snp,
        simulated: false,
        tier: Tier::Affirming,
        tcb_status: None,
        region_claim: Some("eu-central-1".into()),
        on_behalf_of: None,
    }
}

fn operation(turn: usize, extensions: &[String]) -> Action<'_> {
    let name = if turn.is_multiple_of(2) { OperationName::Send } else { OperationName::ToolsCall };
    let tool = (turn % 2 == 1).then_some("files");
    Action::Operation(OperationFacts {
        protocol: name.protocol(),
        version: "1.0",
        binding: Binding::JsonRpc,
        name,
        streaming: false,
        message_bytes: Some(1024),
        media_types: None,
        extensions,
        server: tool,
        tool: tool.map(|_| "read"),
        resource: None,
    })
}
