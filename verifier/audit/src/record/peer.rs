//! The other end of a channel, as its lease attests it.

use minicbor::{Decode, Encode};
use serde::Serialize;

/// Who calls whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The peer calls the local agent.
    #[n(0)]
    Inbound,
    /// The local agent calls the peer.
    #[n(1)]
    Outbound,
}

/// A peer that proved who it is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct PeerFacts {
    /// The agent's name.
    #[n(0)]
    pub agent: String,
    /// One boot of one runtime.
    #[n(1)]
    pub instance: String,
    /// The trust domain whose Verifier leased the identity.
    #[n(2)]
    pub trust_domain: String,
    /// The admitted image's name.
    #[n(3)]
    pub image: String,
    /// The admitted image's version.
    #[n(4)]
    pub version: String,
    /// The TEE that signed the Evidence.
    #[n(5)]
    pub tee: String,
    /// The trust tier of the appraisal.
    #[n(6)]
    pub tier: String,
    /// Whether that TEE was a simulator.
    #[n(7)]
    pub simulated: bool,
}

impl PeerFacts {
    pub(super) fn texts(&self) -> Vec<&str> {
        [
            &self.agent,
            &self.instance,
            &self.trust_domain,
            &self.image,
            &self.version,
            &self.tee,
            &self.tier,
        ]
        .map(String::as_str)
        .to_vec()
    }
}
