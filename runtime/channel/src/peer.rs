//! Who is at the other end, in the terms that policy and gateway decide over.

use cloister_attestation::evidence::Tee;
use cloister_attestation::result::{PlatformIdentity, Tier};
use cloister_attestation::tdx::TcbStatus;
use cloister_attestation::time::UnixTime;

use crate::lease::VerifiedLease;
use crate::name::{AgentName, InstanceId, TrustDomain};

/// What a peer's lease says about it.
///
/// # Security
/// Plain data. Believe it where it comes out of an [`crate::session::Established`] or of an
/// [`crate::session::PeerProven`]; anybody can write one down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The agent.
    pub agent: AgentName,
    /// The boot of the agent's runtime.
    pub instance: InstanceId,
    /// The trust domain that both ends belong to.
    pub trust_domain: TrustDomain,
    /// Who answers for the agent.
    pub principal: String,
    /// What the agent is for.
    pub scope: Vec<String>,
    /// The measured image's name.
    pub image: String,
    /// The measured image's version.
    pub version: String,
    /// The hardware that vouches for it.
    pub tee: Tee,
    /// Which machine, as far as its Evidence said.
    pub platform: PlatformIdentity,
    /// Whether a software TEE vouches for it.
    pub simulated: bool,
    /// The conclusion of its appraisal.
    pub tier: Tier,
    /// The policy epoch of its lease.
    pub policy_epoch: u64,
    /// When its lease ends.
    pub lease_expires_at: UnixTime,
    /// Ids of the checks that nobody vouches for.
    pub not_asserted: Vec<String>,
    /// The vendor's word for the TCB at admission, where the vendor publishes one.
    pub tcb_status: Option<TcbStatus>,
    /// Where its operator says that it runs. Nobody attests that.
    pub region_claim: Option<String>,
}

impl From<&VerifiedLease> for Peer {
    fn from(lease: &VerifiedLease) -> Self {
        let claims = lease.claims();
        Self {
            agent: claims.agent.clone(),
            instance: claims.instance(),
            trust_domain: claims.trust_domain.clone(),
            principal: claims.principal.clone(),
            scope: claims.scope.clone(),
            image: claims.image.clone(),
            version: claims.version.clone(),
            tee: claims.tee,
            platform: claims.platform.clone(),
            simulated: claims.simulator.is_some(),
            tier: claims.tier,
            policy_epoch: claims.policy_epoch,
            lease_expires_at: claims.expires_at,
            not_asserted: claims.not_asserted.clone(),
            tcb_status: claims.tcb_status,
            region_claim: claims.region_claim.clone(),
        }
    }
}
