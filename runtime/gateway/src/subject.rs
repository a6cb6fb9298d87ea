//! A peer as policy sees it.

use cloister_channel::Peer;
use cloister_policy::Subject;

/// A peer in the terms that policy decides over.
#[must_use]
pub fn subject(peer: &Peer) -> Subject {
    Subject {
        agent: peer.agent.to_string(),
        trust_domain: peer.trust_domain.to_string(),
        instance: peer.instance.to_string(),
        principal: peer.principal.clone(),
        scope: peer.scope.clone(),
        image: peer.image.clone(),
        version: peer.version.clone(),
        tee: peer.tee,
        simulated: peer.simulated,
        tier: peer.tier,
        tcb_status: peer.tcb_status,
        region_claim: peer.region_claim.clone(),
        on_behalf_of: None,
    }
}
