//! Sessions and channels.

use cloister_attestation::bytes::Digest48;
use cloister_attestation::time::UnixTime;
use minicbor::{Decode, Encode};
use serde::Serialize;

use super::{Direction, PeerFacts};

/// Somebody proved who it is on a new connection, or failed to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct Authentication {
    /// Who connected to whom.
    #[n(0)]
    pub direction: Direction,
    /// Who it is; absent where nobody proved anything. A visitor that policy accepted proved nothing
    /// either.
    #[n(1)]
    pub peer: Option<PeerFacts>,
    /// The name that was dialled, for what this side dialled.
    #[n(2)]
    pub dialled: Option<String>,
    /// Why it was refused, as a stable code; absent where policy accepted it.
    #[n(3)]
    pub refused: Option<String>,
    /// The policies that decided, at most eight of them.
    #[n(4)]
    pub policies: Vec<String>,
}

impl Authentication {
    pub(super) fn texts(&self) -> Vec<&str> {
        let single = self.dialled.iter().chain(&self.refused);
        single.chain(&self.policies).map(String::as_str).collect()
    }
}

/// A channel carries requests from now on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct ChannelOpened {
    /// Names the channel among those of this boot.
    #[n(0)]
    pub channel: u64,
    /// Who dialled whom.
    #[n(1)]
    pub direction: Direction,
    /// The other end.
    #[n(2)]
    pub peer: PeerFacts,
    /// The key exchange that was negotiated.
    #[n(3)]
    pub key_exchange: String,
    /// Digest of the peer's lease.
    #[n(4)]
    #[cbor(with = "crate::wire::digest")]
    pub lease: Digest48,
    /// Digest of the own lease.
    #[n(5)]
    #[cbor(with = "crate::wire::digest")]
    pub own_lease: Digest48,
    /// The earlier end of the two.
    #[n(6)]
    #[cbor(with = "crate::wire::time")]
    pub ends_at: UnixTime,
}

/// The peer's new lease was put to policy.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct ChannelRenewed {
    /// The channel.
    #[n(0)]
    pub channel: u64,
    /// The other end, as the new lease attests it.
    #[n(1)]
    pub peer: PeerFacts,
    /// Digest of the new lease.
    #[n(2)]
    #[cbor(with = "crate::wire::digest")]
    pub lease: Digest48,
    /// `accepted` or `refused`.
    #[n(3)]
    pub result: String,
}

/// A channel carries nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct ChannelClosed {
    /// The channel.
    #[n(0)]
    pub channel: u64,
    /// The other end, as its last lease attested it.
    #[n(1)]
    pub peer: PeerFacts,
    /// Why, in the word that metrics have for it.
    #[n(2)]
    pub reason: String,
}

/// A visitor was let in: somebody to whom this side proved itself, and of whom nothing is attested.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct VisitBegan {
    /// Names the visit among the channels and visits of this boot.
    #[n(0)]
    pub visit: u64,
    /// Where the connection comes from. Nobody vouches for it.
    #[n(1)]
    pub from: String,
    /// The key exchange that was negotiated.
    #[n(2)]
    pub key_exchange: String,
    /// Digest of the own lease.
    #[n(3)]
    #[cbor(with = "crate::wire::digest")]
    pub own_lease: Digest48,
    /// When it ends at the latest.
    #[n(4)]
    #[cbor(with = "crate::wire::time")]
    pub ends_at: UnixTime,
}

/// A visit carries nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(map)]
pub struct VisitEnded {
    /// The visit.
    #[n(0)]
    pub visit: u64,
    /// Why, in the word that metrics have for it.
    #[n(1)]
    pub reason: String,
}
