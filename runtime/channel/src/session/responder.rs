//! The end that accepted: judges first, proves itself only to a peer that it lets in, and speaks
//! second.

use cloister_attestation::time::UnixTime;

use super::frame::{Frame, framed};
use super::proof::{self, Expected};
use super::shared::Shared;
use super::{Established, Event, PeerProven, Role, SessionError};

/// Where a responder is.
#[derive(Debug)]
pub(super) enum State {
    /// The peer's proof is on its way.
    AwaitProof(Frame),
    /// The peer proved who it is; policy is being asked.
    AwaitVerdict(Box<PeerProven>),
    /// Policy accepted and the own proof is out; the peer's verdict shows as its first bytes.
    AwaitFirstBytes(Box<PeerProven>),
}

impl State {
    pub(super) fn start() -> Self {
        Self::AwaitProof(Frame::default())
    }

    pub(super) const fn awaits_verdict(&self) -> bool {
        matches!(self, Self::AwaitVerdict(_))
    }

    pub(super) fn bytes(
        self,
        shared: &mut Shared,
        bytes: &[u8],
        now: UnixTime,
    ) -> Result<super::State, SessionError> {
        match self {
            Self::AwaitProof(frame) => {
                Self::proof_bytes(frame, shared, bytes, now).map(super::State::Responder)
            }
            Self::AwaitVerdict(_) => Err(SessionError::Early),
            Self::AwaitFirstBytes(proven) => Self::first_bytes(*proven, shared, bytes, now),
        }
    }

    /// Policy accepts: now this side proves itself.
    pub(super) fn accept(self, shared: &mut Shared, now: UnixTime) -> Result<Self, SessionError> {
        let Self::AwaitVerdict(proven) = self else { return Ok(self) };
        proven.lease.recheck(&shared.trust, now)?;
        let message = proof::make(shared, shared.local.agent())?;
        shared.transmits.push_back(framed(&message)?);
        Ok(Self::AwaitFirstBytes(proven))
    }

    fn proof_bytes(
        mut frame: Frame,
        shared: &mut Shared,
        bytes: &[u8],
        now: UnixTime,
    ) -> Result<Self, SessionError> {
        let Some((message, rest)) = frame.push(bytes)? else { return Ok(Self::AwaitProof(frame)) };
        if !rest.is_empty() {
            return Err(SessionError::Early);
        }
        let expected = Expected::ToMean(shared.local.agent());
        let proven = proof::verify(shared, &message, &expected, now)?;
        shared.events.push_back(Event::PeerProven(Box::new(proven.clone())));
        Ok(Self::AwaitVerdict(Box::new(proven)))
    }

    fn first_bytes(
        proven: PeerProven,
        shared: &mut Shared,
        bytes: &[u8],
        now: UnixTime,
    ) -> Result<super::State, SessionError> {
        proven.lease.recheck(&shared.trust, now)?;
        let key_exchange = shared.handshake.key_exchange();
        let established =
            Established::new(Role::Responder, proven, key_exchange, now, bytes.to_vec());
        shared.events.push_back(Event::Established(Box::new(established)));
        Ok(super::State::Over)
    }
}
