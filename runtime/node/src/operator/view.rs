//! What the operator port says about channels and leases, in JSON.

use std::net::SocketAddr;

use cloister_attestation::result::Tier;
use cloister_attestation::time::UnixTime;
use cloister_channel::lease::LeaseClaims;
use cloister_gateway::{ToolReport, ToolsReport};
use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};

use crate::channels::{Facts, VisitFacts};

/// One line of the channel table. Times are seconds since 1970.
#[derive(Debug, Serialize)]
pub(super) struct ChannelView {
    direction: &'static str,
    agent: String,
    instance: String,
    image: String,
    version: String,
    tee: String,
    tier: Tier,
    simulated: bool,
    group: &'static str,
    opened_at: UnixTime,
    lease_ends_at: UnixTime,
}

impl ChannelView {
    pub(super) fn new(facts: &Facts) -> Self {
        let peer = &facts.peer;
        Self {
            direction: facts.direction.as_str(),
            agent: peer.agent.clone(),
            instance: peer.instance.clone(),
            image: peer.image.clone(),
            version: peer.version.clone(),
            tee: peer.tee.to_string(),
            tier: peer.tier,
            simulated: peer.simulated,
            group: facts.group,
            opened_at: facts.opened,
            lease_ends_at: facts.ends(),
        }
    }
}

/// One line of the same table: a visitor, of whom nothing is attested.
#[derive(Debug, Serialize)]
pub(super) struct VisitView {
    direction: &'static str,
    /// Where it dialled from. Nobody vouches for it.
    address: SocketAddr,
    attested: bool,
    group: &'static str,
    opened_at: UnixTime,
    lease_ends_at: UnixTime,
}

impl VisitView {
    pub(super) fn new(facts: &VisitFacts) -> Self {
        Self {
            direction: "visit",
            address: facts.from,
            attested: false,
            group: facts.group,
            opened_at: facts.opened,
            lease_ends_at: facts.ends(),
        }
    }
}

/// The table: channels first.
#[derive(Debug)]
pub(super) struct Both(pub(super) Vec<ChannelView>, pub(super) Vec<VisitView>);

impl Serialize for Both {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(channels, visits) = self;
        let mut list = serializer.serialize_seq(channels.len().checked_add(visits.len()))?;
        channels.iter().try_for_each(|channel| list.serialize_element(channel))?;
        visits.iter().try_for_each(|visit| list.serialize_element(visit))?;
        list.end()
    }
}

/// The runtime's own lease. Times are seconds since 1970.
#[derive(Debug, Serialize)]
pub(super) struct LeaseView {
    id: String,
    trust_domain: String,
    agent: String,
    instance: String,
    principal: String,
    scope: Vec<String>,
    image: String,
    version: String,
    reference: String,
    tee: String,
    tier: Tier,
    simulated: bool,
    issued_at: UnixTime,
    expires_at: UnixTime,
    policy_epoch: u64,
    published_policy: u64,
    not_asserted: Vec<String>,
}

impl LeaseView {
    pub(super) fn new(claims: &LeaseClaims) -> Self {
        Self {
            id: claims.id.to_string(),
            trust_domain: claims.trust_domain.to_string(),
            agent: claims.agent.to_string(),
            instance: claims.instance().to_string(),
            principal: claims.principal.clone(),
            scope: claims.scope.clone(),
            image: claims.image.clone(),
            version: claims.version.clone(),
            reference: claims.reference.to_string(),
            tee: claims.tee.to_string(),
            tier: claims.tier,
            simulated: claims.simulator.is_some(),
            issued_at: claims.issued_at,
            expires_at: claims.expires_at,
            policy_epoch: claims.policy_epoch,
            published_policy: claims.published_policy,
            not_asserted: claims.not_asserted.clone(),
        }
    }
}

/// What was seen of one server's tools.
#[derive(Debug, Serialize)]
pub(super) struct ToolsView {
    server: String,
    /// Definitions that were not what is expected, since the start.
    drifts: u64,
    tools: Vec<ToolView>,
}

/// One definition of one tool.
#[derive(Debug, Serialize)]
struct ToolView {
    name: String,
    digest: String,
    /// Whether it is what is expected, so that the tool is there.
    holds: bool,
}

impl ToolsView {
    pub(super) fn new(report: &ToolsReport) -> Self {
        let tool = |tool: &ToolReport| ToolView {
            name: tool.name.clone(),
            digest: tool.digest.to_string(),
            holds: tool.holds,
        };
        Self {
            server: report.server.to_string(),
            drifts: report.drifts,
            tools: report.tools.iter().map(tool).collect(),
        }
    }
}
