//! The question: between which agents, in which direction, and what.

use cloister_attestation::evidence::Tee;
use cloister_attestation::result::Tier;
use cloister_attestation::tdx::TcbStatus;

use crate::operation::Action;

/// The agent at the other end of a channel, as its lease attests it.
///
/// # Security
/// Build it from a verified lease and from nothing else: every fact in it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The agent's name within its trust domain.
    pub agent: String,
    /// The trust domain whose Verifier leased the identity.
    pub trust_domain: String,
    /// Which boot of which runtime.
    pub instance: String,
    /// Who answers for the agent.
    pub principal: String,
    /// What the agent is for, as its measured manifest declares; of a delegated request, what of
    /// that was passed on.
    pub scope: Vec<String>,
    /// The admitted image's name.
    pub image: String,
    /// The admitted image's version.
    pub version: String,
    /// Which TEE signed the Evidence.
    pub tee: Tee,
    /// Whether that TEE was a simulator.
    pub simulated: bool,
    /// The trust tier of the appraisal.
    pub tier: Tier,
    /// The vendor's word for the TCB, where the vendor publishes one.
    pub tcb_status: Option<TcbStatus>,
    /// Where its operator says that it runs. Nobody attests that.
    pub region_claim: Option<String>,
    /// Whom it acts for, where a verified chain of delegations shows that.
    pub on_behalf_of: Option<Origin>,
}

/// The agent that began a chain of delegations, as its lease names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The agent's name within its trust domain.
    pub agent: String,
    /// Its trust domain.
    pub trust_domain: String,
    /// Who answers for it.
    pub principal: String,
}

/// The agent that this runtime runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalAgent {
    /// The agent's name.
    pub agent: String,
    /// The runtime's trust domain.
    pub trust_domain: String,
    /// Who answers for the agent.
    pub principal: String,
}

/// Which end of the channel asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The peer calls the local agent.
    Inbound,
    /// The local agent calls the peer.
    Outbound,
}

impl Direction {
    /// The name in the schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// One question to a [`crate::PolicyBundle`].
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who calls whom.
    pub direction: Direction,
    /// The other end of the channel.
    pub peer: &'a Subject,
    /// This end.
    pub local: &'a LocalAgent,
    /// What is asked for.
    pub action: Action<'a>,
}
