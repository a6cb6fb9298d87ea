//! A renewal of the peer's is believed, and policy is being asked. The old lease counts.

use super::open::Open;
use super::shared::Shared;
use super::{Ending, PeerRenewed, RenewalError, State, Whose};
use crate::frame::PREFIX_LEN;
use crate::limits::RENEWAL_BYTES_MAX;

/// What the peer may send ahead of the decision: its next renewal.
const AHEAD_BYTES_MAX: usize = PREFIX_LEN + RENEWAL_BYTES_MAX;

/// The renewal, and what arrived after it.
#[derive(Debug)]
pub(super) struct Judging {
    renewed: PeerRenewed,
    ahead: Vec<u8>,
}

impl Judging {
    pub(super) const fn new(renewed: PeerRenewed) -> Self {
        Self { renewed, ahead: Vec::new() }
    }

    /// Keeps bytes for after the decision: they are about the lease that it may make count.
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Result<Self, Ending> {
        if bytes.len() > AHEAD_BYTES_MAX.saturating_sub(self.ahead.len()) {
            return Err(RenewalError::Ahead.into());
        }
        self.ahead.extend_from_slice(bytes);
        Ok(self)
    }

    /// Policy accepts: the new lease counts.
    pub(super) fn accept(self, shared: &mut Shared) -> Result<State, Ending> {
        let lease = self.renewed.lease;
        lease.recheck(&shared.trust, shared.now).map_err(|error| Ending::of(Whose::Peer, error))?;
        shared.channel.replace_lease(lease);
        Open::new().bytes(shared, &self.ahead)
    }
}
