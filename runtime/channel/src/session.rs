//! The session proof: two messages, one verdict on each side, and only then application bytes.
//!
//! ```text
//!   initiator (dialled)                        responder (accepted)
//!   --------------------------------------------------------------------------------
//!   proof  ------------------------------->    verify, PeerProven, decide(Accept)
//!   verify, PeerProven, decide(Accept)  <----  proof
//!   Established
//!   first application bytes  ------------->    Established
//! ```
//!
//! The responder proves itself only after it has accepted, and is established only by the first
//! application byte, which an honest initiator sends after its own verdict. So neither side writes
//! an application byte before the other's verdict, and whatever arrives between a proof and the
//! verdict on it is refused.
//!
//! # Evidence for one session
//! A lease is minutes old. Where the measured configuration of either end demands
//! [`Freshness::Session`](crate::tls::Freshness), both proofs carry Evidence made for this session:
//! its binding names the exporter value of the sender's role, beside the keys of its lease. Which it is to be,
//! the ends agree on in the TLS handshake, by ALPN, so that both know it before either proves itself
//! and it costs no message: whoever demands it offers or takes `cloister/1+evidence` alone, everybody
//! else both protocols, `cloister/1` first. The handshake signs what was offered and taken, and the
//! exporter that both proofs are bound to covers it; an end that demands Evidence and is not given it
//! refuses, so that nobody in between can talk two ends out of it.
//!
//! Making Evidence takes hardware, so the session asks for it: [`Event::EvidenceWanted`], answered by
//! [`Session::provide`], before the own proof goes out. Whoever cannot make it, or will not make any
//! more now, closes the connection. The deadline of the whole session stands meanwhile. The peer's
//! Evidence comes with [`PeerProven`], checked to be made for this session and **not appraised**: an
//! end that demands it has it appraised before it decides; the other one has asked for nothing and
//! may leave it. A renewal makes no such Evidence: it rests on that of the new lease.
//!
//! # Contract
//! A session owns no socket, clock or task. After each input ([`Session::handle_bytes`],
//! [`Session::handle_timeout`], [`Session::handle_end`], [`Session::decide`], [`Session::provide`])
//! send what [`Session::poll_transmit`] returns, act on what [`Session::poll_event`] returns, and
//! call [`Session::handle_timeout`] at [`Session::deadline`]. After [`Event::Established`] the
//! channel's [`crate::life::Life`] takes over. After [`Event::Refused`] close the connection and say
//! nothing: the peer learns that it was refused, not why. Given times must not run backwards within
//! one session.

mod error;
mod established;
mod evidence;
mod initiator;
mod message;
mod proof;
mod responder;
mod role;
mod shared;

use std::sync::Arc;

use cloister_attestation::time::UnixTime;

pub use error::{CODES, Misuse, SessionError};
pub use established::Established;
pub use evidence::{EvidenceWanted, UnappraisedEvidence};
pub(crate) use proof::{check_epoch, own_epoch};
pub use role::Role;

use crate::credentials::Credentials;
use crate::identity::PublicKey;
use crate::lease::VerifiedLease;
use crate::name::AgentName;
use crate::peer::Peer;
use crate::tls::Handshake;
use crate::trust::TrustBundle;
use shared::Shared;

/// What happened in a session.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// This side has to make Evidence for this session. Answer with [`Session::provide`].
    EvidenceWanted(Box<EvidenceWanted>),
    /// The peer proved who it is. Answer with [`Session::decide`].
    PeerProven(Box<PeerProven>),
    /// Both sides accepted. Application bytes may flow.
    Established(Box<Established>),
    /// This side refuses. Close the connection.
    Refused(SessionError),
}

/// A peer that proved who it is, and waits for the decision whether it may connect.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PeerProven {
    /// Who it is.
    pub peer: Peer,
    /// Its lease.
    pub lease: VerifiedLease,
    /// Its Evidence for this session, where the ends agreed on that. Whoever demands it has it
    /// appraised before deciding.
    pub evidence: Option<UnappraisedEvidence>,
    /// The identity key that the lease confirms and that signed the proof.
    pub(crate) identity_key: PublicKey,
}

/// The answer to [`Event::PeerProven`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Policy lets this peer connect.
    Accept,
    /// It does not.
    Refuse,
}

/// One session, from the end of the TLS handshake to the verdict.
#[derive(Debug)]
pub struct Session {
    shared: Shared,
    state: State,
}

#[derive(Debug)]
enum State {
    Initiator(initiator::Awaiting),
    Responder(responder::Awaiting),
    /// Established or refused: nothing more is taken.
    Over,
}

impl Session {
    /// Starts a session on a connection that this side dialled, to reach `intended` and nobody
    /// else.
    ///
    /// # Errors
    /// [`SessionError`] if the handshake is not a dialled one or the proof cannot be made.
    pub fn initiator(
        local: Arc<Credentials>,
        trust: Arc<TrustBundle>,
        handshake: Handshake,
        intended: AgentName,
        now: UnixTime,
    ) -> Result<Self, SessionError> {
        let mut shared = Shared::new(local, trust, handshake, Role::Initiator, now)?;
        let state = initiator::Awaiting::start(&mut shared, intended)?;
        Ok(Self { shared, state: State::Initiator(state) })
    }

    /// Starts a session on a connection that this side accepted.
    ///
    /// # Errors
    /// [`SessionError`] if the handshake is not an accepted one, or the peer's certificate is not
    /// an SVID.
    pub fn responder(
        local: Arc<Credentials>,
        trust: Arc<TrustBundle>,
        handshake: Handshake,
        now: UnixTime,
    ) -> Result<Self, SessionError> {
        let shared = Shared::new(local, trust, handshake, Role::Responder, now)?;
        let state = State::Responder(responder::Awaiting::start(&shared));
        Ok(Self { shared, state })
    }

    /// Takes bytes that the peer sent, as they come out of TLS.
    ///
    /// # Errors
    /// [`Misuse::Over`] if the session is established or refused: the bytes were not taken.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: UnixTime) -> Result<(), Misuse> {
        if bytes.is_empty() && !self.is_over() {
            return Ok(());
        }
        self.step(now, |state, shared| match state {
            State::Initiator(state) => state.bytes(shared, bytes, now).map(State::Initiator),
            State::Responder(state) => state.bytes(shared, bytes, now),
            State::Over => Ok(State::Over),
        })
    }

    /// Tells that the deadline may have passed. Harmless before it.
    pub fn handle_timeout(&mut self, now: UnixTime) {
        if !self.is_over() && self.shared.is_late(now) {
            self.refuse(SessionError::Deadline);
        }
    }

    /// Tells that the peer closed the connection.
    pub fn handle_end(&mut self) {
        if !self.is_over() {
            self.refuse(SessionError::Ended);
        }
    }

    /// Answers [`Event::PeerProven`].
    ///
    /// # Errors
    /// [`Misuse`] if no decision is awaited; it changes nothing then.
    pub fn decide(&mut self, decision: Decision, now: UnixTime) -> Result<(), Misuse> {
        let awaited = match &self.state {
            State::Initiator(state) => state.awaits_verdict(),
            State::Responder(state) => state.awaits_verdict(),
            State::Over => return Err(Misuse::Over),
        };
        if !awaited {
            return Err(Misuse::NoVerdictAwaited);
        }
        self.step(now, |state, shared| match (decision, state) {
            (Decision::Refuse, _) => Err(SessionError::Policy),
            (Decision::Accept, State::Initiator(state)) => state.accept(shared, now),
            (Decision::Accept, State::Responder(state)) => {
                state.accept(shared, now).map(State::Responder)
            }
            (Decision::Accept, State::Over) => Ok(State::Over),
        })
    }

    /// Answers [`Event::EvidenceWanted`] with an encoded
    /// [`Envelope`](cloister_attestation::envelope::Envelope).
    ///
    /// # Errors
    /// [`Misuse`] if no Evidence is awaited; it changes nothing then.
    pub fn provide(&mut self, envelope: Vec<u8>, now: UnixTime) -> Result<(), Misuse> {
        let awaited = match &self.state {
            State::Initiator(state) => state.awaits_evidence(),
            State::Responder(state) => state.awaits_evidence(),
            State::Over => return Err(Misuse::Over),
        };
        if !awaited {
            return Err(Misuse::NoEvidenceAwaited);
        }
        self.step(now, |state, shared| match state {
            State::Initiator(state) => state.provide(shared, envelope).map(State::Initiator),
            State::Responder(state) => state.provide(shared, envelope, now).map(State::Responder),
            State::Over => Ok(State::Over),
        })
    }

    /// The next bytes to send to the peer, through TLS.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.shared.transmits.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.shared.events.pop_front()
    }

    /// When to call [`Self::handle_timeout`]; `None` once the session is over.
    #[must_use]
    pub const fn deadline(&self) -> Option<UnixTime> {
        if self.is_over() { None } else { Some(self.shared.deadline) }
    }

    const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Runs one transition. Whatever goes wrong in it ends the session.
    fn step(
        &mut self,
        now: UnixTime,
        transition: impl FnOnce(State, &mut Shared) -> Result<State, SessionError>,
    ) -> Result<(), Misuse> {
        if self.is_over() {
            return Err(Misuse::Over);
        }
        if self.shared.is_late(now) {
            self.refuse(SessionError::Deadline);
            return Ok(());
        }
        let state = core::mem::replace(&mut self.state, State::Over);
        match transition(state, &mut self.shared) {
            Ok(next) => self.state = next,
            Err(error) => self.refuse(error),
        }
        Ok(())
    }

    fn refuse(&mut self, error: SessionError) {
        self.state = State::Over;
        // Nothing that was still to be said is said, and no decision is asked for any more.
        self.shared.transmits.clear();
        self.shared.events.clear();
        self.shared.events.push_back(Event::Refused(error));
    }
}
