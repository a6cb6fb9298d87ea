//! One test case of a policy, as its author writes it.

use std::collections::BTreeMap;

use cloister_attestation::evidence::Tee;
use cloister_attestation::result::Tier;
use cloister_attestation::tdx::TcbStatus;
use cloister_policy::{
    Action, Binding, Direction, LocalAgent, OperationFacts, OperationName, Origin, Protocol,
    Subject,
};
use serde::Deserialize;

/// The cases of one policy.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// The agent of the runtime that asks.
    pub(super) local: Local,
    /// Peers, by the names that cases call them.
    #[serde(default)]
    pub(super) peer: BTreeMap<String, Peer>,
    /// The cases.
    pub(super) case: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Local {
    agent: String,
    trust_domain: String,
    principal: String,
}

/// What a lease says, as far as it is said here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Peer {
    agent: Option<String>,
    trust_domain: Option<String>,
    instance: Option<String>,
    principal: Option<String>,
    scope: Option<Vec<String>>,
    image: Option<String>,
    version: Option<String>,
    tee: Option<Tee>,
    tier: Option<Tier>,
    simulated: Option<bool>,
    tcb_status: Option<TcbStatus>,
    region_claim: Option<String>,
    on_behalf_of: Option<Behalf>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Behalf {
    agent: String,
    trust_domain: Option<String>,
    principal: String,
}

/// Who, to whom, what, and what has to come of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) name: String,
    /// Absent: a visitor, of whom nothing is attested.
    pub(super) peer: Option<String>,
    /// What is otherwise about the peer in this case.
    #[serde(default)]
    with: Peer,
    #[serde(default)]
    direction: Way,
    /// `connect`, or the operation's name in the schema.
    pub(super) operation: String,
    binding: Option<String>,
    version: Option<String>,
    streaming: Option<bool>,
    message_bytes: Option<u64>,
    media_types: Option<Vec<String>>,
    #[serde(default)]
    extensions: Vec<String>,
    server: Option<String>,
    tool: Option<String>,
    resource: Option<String>,
    pub(super) expect: Expected,
    /// The policies that have to determine it; absent: whichever do.
    pub(super) by: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    #[default]
    Inbound,
    Outbound,
}

/// What has to come of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Expected {
    Allow,
    Deny,
}

impl Expected {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

impl Local {
    pub(super) fn agent(&self) -> LocalAgent {
        LocalAgent {
            agent: self.agent.clone(),
            trust_domain: self.trust_domain.clone(),
            principal: self.principal.clone(),
        }
    }
}

impl Case {
    pub(super) const fn direction(&self) -> Direction {
        match self.direction {
            Way::Inbound => Direction::Inbound,
            Way::Outbound => Direction::Outbound,
        }
    }

    /// The peer's facts: what its table says, what this case says otherwise, and for what neither
    /// says an ordinary peer on genuine hardware.
    pub(super) fn subject(&self, name: &str, peer: &Peer, local: &LocalAgent) -> Subject {
        let with = &self.with;
        let text = |of: fn(&Peer) -> &Option<String>, otherwise: &str| {
            let said = of(with).as_ref().or_else(|| of(peer).as_ref());
            said.map_or_else(|| otherwise.to_owned(), Clone::clone)
        };
        let behalf = with.on_behalf_of.as_ref().or(peer.on_behalf_of.as_ref());
        Subject {
            agent: text(|it| &it.agent, name),
            trust_domain: text(|it| &it.trust_domain, &local.trust_domain),
            instance: text(|it| &it.instance, "00112233445566778899aabbccddeeff"),
            principal: text(|it| &it.principal, &local.principal),
            scope: with.scope.clone().or_else(|| peer.scope.clone()).unwrap_or_default(),
            image: text(|it| &it.image, name),
            version: text(|it| &it.version, "1.0.0"),
            tee: with.tee.or(peer.tee).unwrap_or(Tee::Snp),
            simulated: with.simulated.or(peer.simulated).unwrap_or(false),
            tier: with.tier.or(peer.tier).unwrap_or(Tier::Affirming),
            tcb_status: with.tcb_status.or(peer.tcb_status),
            region_claim: with.region_claim.clone().or_else(|| peer.region_claim.clone()),
            on_behalf_of: behalf.map(|behalf| Origin {
                agent: behalf.agent.clone(),
                trust_domain: behalf
                    .trust_domain
                    .clone()
                    .unwrap_or_else(|| local.trust_domain.clone()),
                principal: behalf.principal.clone(),
            }),
        }
    }

    /// What is asked for; the error names what the schema does not have.
    pub(super) fn action(&self) -> Result<Action<'_>, String> {
        if self.operation == Action::Connect.as_str() {
            return Ok(Action::Connect);
        }
        let name = OperationName::ALL.into_iter().find(|name| name.as_str() == self.operation);
        let name = name.ok_or_else(|| format!("there is no operation {:?}", self.operation))?;
        let streams = matches!(name, OperationName::Stream | OperationName::Subscribe);
        let version = if name.protocol() == Protocol::Mcp { "2026-07-28" } else { "1.0" };
        Ok(Action::Operation(OperationFacts {
            protocol: name.protocol(),
            version: self.version.as_deref().unwrap_or(version),
            binding: self.binding(name)?,
            name,
            streaming: self.streaming.unwrap_or(streams),
            message_bytes: self.message_bytes,
            media_types: self.media_types.as_deref(),
            extensions: &self.extensions,
            server: self.server.as_deref(),
            tool: self.tool.as_deref(),
            resource: self.resource.as_deref(),
        }))
    }

    fn binding(&self, name: OperationName) -> Result<Binding, String> {
        let Some(binding) = &self.binding else {
            return Ok(match (name, name.protocol()) {
                (OperationName::Card, _) => Binding::WellKnown,
                (_, Protocol::Mcp) => Binding::StreamableHttp,
                _ => Binding::JsonRpc,
            });
        };
        let known = BINDINGS.into_iter().find(|it| it.as_str() == binding);
        known.ok_or_else(|| format!("there is no binding {binding:?}"))
    }
}

const BINDINGS: [Binding; 5] = [
    Binding::JsonRpc,
    Binding::HttpJson,
    Binding::Grpc,
    Binding::StreamableHttp,
    Binding::WellKnown,
];
