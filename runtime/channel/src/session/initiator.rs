//! The end that dialled: proves itself first, and speaks first after its own verdict.

use cloister_attestation::time::UnixTime;

use super::proof::{self, Expected};
use super::shared::Shared;
use super::{Established, Event, PeerProven, SessionError, State};
use crate::frame::{Arrived, Frame, framed};
use crate::limits::PROOF_BYTES_MAX;
use crate::name::AgentName;

/// What an initiator waits for.
#[derive(Debug)]
pub(super) enum Awaiting {
    /// The own proof is out; the peer's is on its way.
    Proof { frame: Frame, intended: AgentName },
    /// The peer proved who it is; policy is being asked.
    Verdict(Box<PeerProven>),
}

impl Awaiting {
    pub(super) fn start(shared: &mut Shared, intended: AgentName) -> Result<Self, SessionError> {
        let message = proof::make(shared, &intended)?;
        shared.transmits.push_back(framed(&message, PROOF_BYTES_MAX)?);
        Ok(Self::Proof { frame: Frame::new(PROOF_BYTES_MAX), intended })
    }

    pub(super) const fn awaits_verdict(&self) -> bool {
        matches!(self, Self::Verdict(_))
    }

    pub(super) fn bytes(
        self,
        shared: &mut Shared,
        bytes: &[u8],
        now: UnixTime,
    ) -> Result<Self, SessionError> {
        let Self::Proof { mut frame, intended } = self else {
            return Err(SessionError::Early);
        };
        let Some(Arrived { message, rest }) = frame.push(bytes)? else {
            return Ok(Self::Proof { frame, intended });
        };
        if !rest.is_empty() {
            return Err(SessionError::Early);
        }
        let proven = proof::verify(shared, &message, &Expected::ToBe(&intended), now)?;
        shared.events.push_back(Event::PeerProven(Box::new(proven.clone())));
        Ok(Self::Verdict(Box::new(proven)))
    }

    /// Policy accepts: the session is established.
    pub(super) fn accept(self, shared: &mut Shared, now: UnixTime) -> Result<State, SessionError> {
        let Self::Verdict(proven) = self else { return Ok(State::Initiator(self)) };
        proven.lease.recheck(&shared.trust, now)?;
        let established = Established::new(shared, *proven, now, Vec::new());
        shared.events.push_back(Event::Established(Box::new(established)));
        Ok(State::Over)
    }
}
