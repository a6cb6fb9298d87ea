//! What is known about one open channel.

use std::sync::Arc;

use cloister_attestation::time::UnixTime;
use cloister_channel::lease::VerifiedLease;
use cloister_channel::{Life, TrustBundle};
use cloister_gateway::subject;
use cloister_policy::{Direction, Subject};
use rustls::NamedGroup;

use super::Closing;
use crate::state::closing;

/// What is known about one open channel. Cheap to clone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Facts {
    /// Names the channel among those of this boot.
    pub channel: u64,
    /// Who dialled.
    pub direction: Direction,
    /// Who is at the other end, in the terms that policy decides over.
    pub peer: Arc<Subject>,
    /// The peer's lease that counts.
    pub lease: Arc<VerifiedLease>,
    /// The lease of this side that counts.
    pub own_lease: Arc<VerifiedLease>,
    /// The key exchange that TLS negotiated.
    pub group: &'static str,
    /// When the verdict was reached.
    pub opened: UnixTime,
}

impl Facts {
    /// As they are at this point of a channel's life.
    pub(super) fn of(channel: u64, direction: Direction, life: &Life) -> Self {
        Self {
            channel,
            direction,
            peer: Arc::new(subject(life.peer())),
            lease: Arc::new(life.lease().clone()),
            own_lease: Arc::new(life.own_lease().clone()),
            group: group(life.key_exchange()),
            opened: life.established_at(),
        }
    }

    /// The earlier end of the two leases: nothing is carried from then on.
    #[must_use]
    pub fn ends(&self) -> UnixTime {
        self.lease.claims().expires_at.min(self.own_lease.claims().expires_at)
    }

    /// Why the channel has to close, if it has to.
    #[must_use]
    pub fn closing(&self, trust: &TrustBundle, now: UnixTime) -> Option<Closing> {
        closing(&self.lease, trust, now).or_else(|| closing(&self.own_lease, trust, now))
    }
}

/// The name of a key exchange. A session is established over no other than the first two.
pub(super) const fn group(group: NamedGroup) -> &'static str {
    if matches!(group, NamedGroup::X25519MLKEM768) {
        "X25519MLKEM768"
    } else if matches!(group, NamedGroup::X25519) {
        "X25519"
    } else {
        "other"
    }
}
