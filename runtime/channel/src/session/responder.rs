//! The end that accepted: judges first, proves itself only to a peer that it lets in, and speaks
//! second.

use cloister_attestation::time::UnixTime;

use super::proof::{self, Expected};
use super::shared::Shared;
use super::{Established, Event, PeerProven, SessionError, State};
use crate::frame::{Arrived, Frame};

/// What a responder waits for.
#[derive(Debug)]
pub(super) enum Awaiting {
    /// The peer's proof is on its way.
    Proof(Frame),
    /// The peer proved who it is; policy is being asked.
    Verdict(Box<PeerProven>),
    /// Policy accepted; Evidence of this side is being made for the own proof.
    Evidence(Box<PeerProven>),
    /// Policy accepted and the own proof is out; the peer's verdict shows as its first bytes.
    FirstBytes(Box<PeerProven>),
}

impl Awaiting {
    pub(super) fn start(shared: &Shared) -> Self {
        Self::Proof(Frame::new(shared.proof_bytes_max()))
    }

    pub(super) const fn awaits_verdict(&self) -> bool {
        matches!(self, Self::Verdict(_))
    }

    pub(super) const fn awaits_evidence(&self) -> bool {
        matches!(self, Self::Evidence(_))
    }

    pub(super) fn bytes(
        self,
        shared: &mut Shared,
        bytes: &[u8],
        now: UnixTime,
    ) -> Result<State, SessionError> {
        match self {
            Self::Proof(frame) => {
                Self::proof_bytes(frame, shared, bytes, now).map(State::Responder)
            }
            Self::Verdict(_) | Self::Evidence(_) => Err(SessionError::Early),
            Self::FirstBytes(proven) => Self::first_bytes(*proven, shared, bytes, now),
        }
    }

    /// Policy accepts: now this side proves itself, or makes the Evidence for that first.
    pub(super) fn accept(self, shared: &mut Shared, now: UnixTime) -> Result<Self, SessionError> {
        let Self::Verdict(proven) = self else { return Ok(self) };
        proven.lease.recheck(&shared.trust, now)?;
        if shared.is_fresh() {
            shared.want_evidence();
            return Ok(Self::Evidence(proven));
        }
        Self::prove(proven, shared, None)
    }

    /// The Evidence is there: now this side proves itself.
    pub(super) fn provide(
        self,
        shared: &mut Shared,
        envelope: Vec<u8>,
        now: UnixTime,
    ) -> Result<Self, SessionError> {
        let Self::Evidence(proven) = self else { return Ok(self) };
        proven.lease.recheck(&shared.trust, now)?;
        Self::prove(proven, shared, Some(envelope))
    }

    fn prove(
        proven: Box<PeerProven>,
        shared: &mut Shared,
        evidence: Option<Vec<u8>>,
    ) -> Result<Self, SessionError> {
        let message = proof::make(shared, shared.local.agent(), evidence)?;
        shared.transmits.push_back(message);
        Ok(Self::FirstBytes(proven))
    }

    fn proof_bytes(
        mut frame: Frame,
        shared: &mut Shared,
        bytes: &[u8],
        now: UnixTime,
    ) -> Result<Self, SessionError> {
        let Some(Arrived { message, rest }) = frame.push(bytes)? else {
            return Ok(Self::Proof(frame));
        };
        if !rest.is_empty() {
            return Err(SessionError::Early);
        }
        let expected = Expected::ToMean(shared.local.agent());
        let mut proven = proof::verify(shared, &message, &expected, now)?;
        shared.ask_about(&mut proven);
        Ok(Self::Verdict(Box::new(proven)))
    }

    fn first_bytes(
        proven: PeerProven,
        shared: &mut Shared,
        bytes: &[u8],
        now: UnixTime,
    ) -> Result<State, SessionError> {
        proven.lease.recheck(&shared.trust, now)?;
        let established = Established::new(shared, proven, now, bytes.to_vec());
        shared.events.push_back(Event::Established(Box::new(established)));
        Ok(State::Over)
    }
}
