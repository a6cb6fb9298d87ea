//! The end that dialled: proves itself first, and speaks first after its own verdict.

use cloister_attestation::time::UnixTime;

use super::proof::{self, Expected};
use super::shared::Shared;
use super::{Established, Event, PeerProven, SessionError, State};
use crate::frame::{Arrived, Frame};
use crate::name::AgentName;

/// What an initiator waits for.
#[derive(Debug)]
pub(super) enum Awaiting {
    /// Evidence of this side is being made for the own proof.
    Evidence { intended: AgentName },
    /// The own proof is out; the peer's is on its way.
    Proof { frame: Frame, intended: AgentName },
    /// The peer proved who it is; policy is being asked.
    Verdict(Box<PeerProven>),
}

impl Awaiting {
    pub(super) fn start(shared: &mut Shared, intended: AgentName) -> Result<Self, SessionError> {
        if shared.is_fresh() {
            shared.want_evidence();
            return Ok(Self::Evidence { intended });
        }
        Self::prove(shared, intended, None)
    }

    pub(super) const fn awaits_verdict(&self) -> bool {
        matches!(self, Self::Verdict(_))
    }

    pub(super) const fn awaits_evidence(&self) -> bool {
        matches!(self, Self::Evidence { .. })
    }

    /// The Evidence is there: this side proves itself.
    pub(super) fn provide(
        self,
        shared: &mut Shared,
        envelope: Vec<u8>,
    ) -> Result<Self, SessionError> {
        let Self::Evidence { intended } = self else { return Ok(self) };
        Self::prove(shared, intended, Some(envelope))
    }

    fn prove(
        shared: &mut Shared,
        intended: AgentName,
        evidence: Option<Vec<u8>>,
    ) -> Result<Self, SessionError> {
        let message = proof::make(shared, &intended, evidence)?;
        shared.transmits.push_back(message);
        Ok(Self::Proof { frame: Frame::new(shared.proof_bytes_max()), intended })
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
        let mut proven = proof::verify(shared, &message, &Expected::ToBe(&intended), now)?;
        shared.ask_about(&mut proven);
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
