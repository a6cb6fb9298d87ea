//! No renewal of the peer's is under judgement.

use super::judging::Judging;
use super::shared::Shared;
use super::{Ending, Event, State, renewal};
use crate::frame::{Arrived, Frame};
use crate::limits::RENEWAL_BYTES_MAX;

/// Collects the peer's next renewal.
#[derive(Debug)]
pub(super) struct Open(Frame);

impl Open {
    pub(super) const fn new() -> Self {
        Self(Frame::new(RENEWAL_BYTES_MAX))
    }

    pub(super) fn bytes(mut self, shared: &mut Shared, bytes: &[u8]) -> Result<State, Ending> {
        let Some(Arrived { message, rest }) = self.0.push(bytes)? else {
            return Ok(State::Open(self));
        };
        let renewed = renewal::verify(shared, &message)?;
        shared.events.push_back(Event::PeerRenewed(Box::new(renewed.clone())));
        Judging::new(renewed).bytes(rest).map(Box::new).map(State::Judging)
    }
}
