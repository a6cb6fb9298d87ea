//! What every state has in common: the channel, what it is checked against, and what it puts out.

use std::collections::VecDeque;
use std::sync::Arc;

use cloister_attestation::time::UnixTime;

use super::{Ending, Event, RenewalError, Whose, continuity, renewal};
use crate::credentials::Credentials;
use crate::frame::framed;
use crate::limits::RENEWAL_BYTES_MAX;
use crate::session::Established;
use crate::trust::TrustBundle;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) channel: Established,
    pub(super) trust: Arc<TrustBundle>,
    /// The latest time ever given.
    pub(super) now: UnixTime,
    pub(super) transmits: VecDeque<Vec<u8>>,
    pub(super) events: VecDeque<Event>,
}

impl Shared {
    pub(super) fn new(channel: Established, trust: Arc<TrustBundle>, now: UnixTime) -> Self {
        let now = now.max(channel.at());
        Self { channel, trust, now, transmits: VecDeque::new(), events: VecDeque::new() }
    }

    /// Takes the time, which does not go back, and checks both leases at it.
    pub(super) fn advance(&mut self, now: UnixTime) -> Result<(), Ending> {
        self.now = self.now.max(now);
        let leases = [(Whose::Peer, self.channel.lease()), (Whose::Own, self.channel.own_lease())];
        for (whose, lease) in leases {
            lease.recheck(&self.trust, self.now).map_err(|error| Ending::of(whose, error))?;
        }
        Ok(())
    }

    /// Takes a trust bundle that is not older than the one in use.
    pub(super) fn trust(&mut self, trust: Arc<TrustBundle>) {
        // SECURITY: an older bundle could lack a revocation.
        if trust.sequence() >= self.trust.sequence() {
            self.trust = trust;
        }
    }

    /// Says that this side has a new lease, if it has.
    pub(super) fn renew(&mut self, local: Arc<Credentials>) -> Result<(), RenewalError> {
        let (old, new) = (self.channel.own_lease(), local.lease());
        if old.digest() == new.digest() {
            return Ok(());
        }
        new.recheck(&self.trust, self.now)?;
        continuity::check(old.claims(), new.claims())?;
        let message = renewal::make(self, &local)?;
        self.transmits.push_back(framed(&message, RENEWAL_BYTES_MAX)?);
        self.channel.replace_local(local);
        Ok(())
    }

    /// The earlier end of the two leases.
    pub(super) fn ends(&self) -> UnixTime {
        let (peer, own) = (self.channel.lease().claims(), self.channel.own_lease().claims());
        peer.expires_at.min(own.expires_at)
    }
}
