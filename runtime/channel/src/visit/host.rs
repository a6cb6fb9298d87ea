//! The end that is visited: hears whom the visitor means, waits to be told to let it in, and proves
//! itself.

use std::sync::Arc;

use cloister_attestation::time::UnixTime;
use rustls::NamedGroup;

use super::message::{Greeting, Proof};
use super::statement::Statement;
use crate::credentials::Credentials;
use crate::frame::{Arrived, Frame, framed};
use crate::limits::{GREETING_BYTES_MAX, PROOF_BYTES_MAX, SESSION_DEADLINE};
use crate::session::{SessionError, own_epoch};
use crate::tls::HostHandshake;
use crate::trust::TrustBundle;

/// What came of the bytes that a visitor sent.
#[derive(Debug)]
pub enum Heard {
    /// More has to come.
    Nothing,
    /// A visitor who means this agent waits to be let in: [`Host::admit`], or close the connection.
    Visitor,
    /// The visitor has verified this side. Application bytes may flow.
    Received(Box<Received>),
}

/// Somebody of whom nothing is known was let in, and has accepted this side. Only a [`Host`] makes
/// one, and whatever carries HTTP for a visitor takes it by value.
#[derive(Debug)]
pub struct Received {
    local: Arc<Credentials>,
    key_exchange: NamedGroup,
    at: UnixTime,
    first_bytes: Vec<u8>,
}

impl Received {
    /// What this side showed. Nothing is to be carried after the end of its lease.
    #[must_use]
    pub const fn local(&self) -> &Arc<Credentials> {
        &self.local
    }

    /// The key exchange that protects the connection.
    #[must_use]
    pub const fn key_exchange(&self) -> NamedGroup {
        self.key_exchange
    }

    /// When the visitor was received.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        self.at
    }

    /// The first application bytes, which come before whatever is read from the connection next.
    #[must_use]
    pub fn into_first_bytes(self) -> Vec<u8> {
        self.first_bytes
    }
}

/// A visit, at the runtime that is visited.
#[derive(Debug)]
pub struct Host {
    local: Arc<Credentials>,
    trust: Arc<TrustBundle>,
    handshake: HostHandshake,
    deadline: UnixTime,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The greeting is on its way.
    Greeting(Frame),
    /// Policy is being asked.
    Verdict(Greeting),
    /// The proof is out; the visitor's verdict on it shows as its first bytes.
    FirstBytes,
    /// Received or refused: nothing more is taken.
    Over,
}

impl Host {
    /// Starts on an accepted connection.
    #[must_use]
    pub fn new(
        local: Arc<Credentials>,
        trust: Arc<TrustBundle>,
        handshake: HostHandshake,
        now: UnixTime,
    ) -> Self {
        let state = State::Greeting(Frame::new(GREETING_BYTES_MAX));
        Self { local, trust, handshake, deadline: now.plus(SESSION_DEADLINE), state }
    }

    /// By when the visitor has to be received.
    #[must_use]
    pub const fn deadline(&self) -> UnixTime {
        self.deadline
    }

    /// Takes bytes that the visitor sent.
    ///
    /// # Errors
    /// [`SessionError`]: the visit is over, and nothing more is taken.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: UnixTime) -> Result<Heard, SessionError> {
        match self.step(now)? {
            State::Greeting(frame) => self.greeting(frame, bytes),
            // SECURITY: whatever comes before this side has proved itself is not looked at.
            State::Verdict(_) | State::Over => Err(SessionError::Early),
            State::FirstBytes if bytes.is_empty() => {
                self.state = State::FirstBytes;
                Ok(Heard::Nothing)
            }
            State::FirstBytes => self.first_bytes(bytes, now),
        }
    }

    /// Lets the waiting visitor in: the proof to send.
    ///
    /// # Errors
    /// [`SessionError`] if nobody waits, the own lease has ended, or the proof cannot be made.
    pub fn admit(&mut self, now: UnixTime) -> Result<Vec<u8>, SessionError> {
        let State::Verdict(greeting) = self.step(now)? else {
            return Err(SessionError::Early);
        };
        self.local.lease().recheck(&self.trust, now)?;
        let proof = framed(&self.proof(greeting)?, PROOF_BYTES_MAX)?;
        self.state = State::FirstBytes;
        Ok(proof)
    }

    /// The state, which stays `Over` unless what follows sets another.
    fn step(&mut self, now: UnixTime) -> Result<State, SessionError> {
        let state = core::mem::replace(&mut self.state, State::Over);
        if now < self.deadline { Ok(state) } else { Err(SessionError::Deadline) }
    }

    fn greeting(&mut self, mut frame: Frame, bytes: &[u8]) -> Result<Heard, SessionError> {
        let Some(Arrived { message, rest }) = frame.push(bytes)? else {
            self.state = State::Greeting(frame);
            return Ok(Heard::Nothing);
        };
        if !rest.is_empty() {
            return Err(SessionError::Early);
        }
        let greeting = Greeting::decode(&message)?;
        if &greeting.intended != self.local.agent() {
            return Err(SessionError::IntendedPeer {
                expected: self.local.agent().to_string(),
                observed: greeting.intended.to_string(),
            });
        }
        self.state = State::Verdict(greeting);
        Ok(Heard::Visitor)
    }

    fn first_bytes(&self, bytes: &[u8], now: UnixTime) -> Result<Heard, SessionError> {
        self.local.lease().recheck(&self.trust, now)?;
        Ok(Heard::Received(Box::new(Received {
            local: Arc::clone(&self.local),
            key_exchange: self.handshake.key_exchange(),
            at: now,
            first_bytes: bytes.to_vec(),
        })))
    }

    fn proof(&self, greeting: Greeting) -> Result<Vec<u8>, SessionError> {
        let Greeting { nonce, intended } = greeting;
        let lease = self.local.lease();
        let statement = Statement {
            own_key: *self.local.channel().thumbprint(),
            exporter: self.handshake.exporter().clone(),
            lease: *lease.digest(),
            nonce,
            intended,
            policy_epoch: own_epoch(lease, &self.trust),
        };
        let identity = self.local.identity();
        let statement = identity.state(&statement.encode()).map_err(SessionError::Signing)?;
        let lease = self.local.lease_bytes().to_vec();
        Ok(Proof { lease, statement, identity_key: identity.spki().to_vec() }.encode())
    }
}
