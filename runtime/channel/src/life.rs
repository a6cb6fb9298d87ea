//! The life of a channel, from its verdict to its end: leases renewed in band, and everything that
//! takes the permission away.
//!
//! ```text
//!   Established --Life::new--> Open --peer's renewal, believed--> Judging --decide(Accept)--> Open
//!                               |                                    |
//!                               +--- a lease ends, revocation, epoch, unbelieved renewal,
//!                                    decide(Refuse), end of the connection ---> Ended
//! ```
//!
//! A renewal is one message from one end to the other, with no answer: a new lease, and the
//! sender's identity key's signature that ties it to this connection, to its end, and to the lease
//! that it replaces. Both ends renew independently of each other and as often as they have new
//! leases. A channel outlives many leases; the channel key of a new lease is for new connections,
//! and this one keeps the key that it was made with.
//!
//! # What is believed
//! A renewal is believed where its lease verifies like any other (key, dates, revocation, policy
//! epoch, kind of root, trust domain), is for the same runtime on the same machine with everything
//! that its image declares unchanged, was issued later than the lease that it replaces, and was
//! stated by the identity key that proved the session. Anything else ends the channel. A believed
//! renewal is a question to policy ([`Event::PeerRenewed`]): **until it is answered the old lease
//! counts, and the channel ends with it**.
//!
//! # When a channel ends
//! At the end of either lease; when the trust bundle revokes either instance, or raises the policy
//! epoch above either lease; when a renewal is not believed, or refused by policy; when the
//! connection closes. All of it is checked before every input is looked at, against the latest time
//! ever given: a clock that runs backwards, and any other order of inputs, prolongs nothing.
//!
//! # Contract
//! A life owns no socket, clock or task, and its two directions of bytes are a reliable, ordered
//! stream of their own inside the channel, apart from application bytes.
//! 1. Make it from the [`Established`] by value, with the trust bundle of the moment. It may have
//!    ended at once: poll the events before the first application byte moves.
//! 2. After each input ([`Life::handle_bytes`], [`Life::handle_timeout`], [`Life::handle_end`],
//!    [`Life::decide`], [`Life::renew`], [`Life::trust`]) send what [`Life::poll_transmit`] returns,
//!    act on what [`Life::poll_event`] returns, and call [`Life::handle_timeout`] at
//!    [`Life::deadline`], which every input may have changed.
//! 3. When this side has new credentials, call [`Life::renew`] on every channel; when it has a new
//!    trust bundle, call [`Life::trust`] on every channel. Both at once: renew first, since the bundle may be the
//!    reason for the new lease.
//! 4. Answer [`Event::PeerRenewed`] with [`Life::decide`], in any time: nothing waits for it but the
//!    renewal itself.
//! 5. After [`Event::Ended`] reset every stream, close the connection and say nothing about why. It
//!    is the last event, comes once, and takes back whatever was still to be sent or asked.

mod continuity;
mod ending;
mod judging;
mod message;
mod open;
mod renewal;
mod shared;

use std::sync::Arc;

use cloister_attestation::time::UnixTime;
use rustls::NamedGroup;

pub use ending::{CODES, Ending, Whose};
pub use renewal::RenewalError;
pub(crate) use renewal::codes as renewal_codes;

use crate::credentials::Credentials;
use crate::lease::VerifiedLease;
use crate::peer::Peer;
use crate::session::{Decision, Established, Misuse, Role};
use crate::tls::Freshness;
use crate::trust::TrustBundle;
use judging::Judging;
use open::Open;
use shared::Shared;

/// What happened in the life of a channel.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The peer has a new lease. Answer with [`Life::decide`].
    PeerRenewed(Box<PeerRenewed>),
    /// The channel has ended. Close the connection.
    Ended(Ending),
}

/// A peer's believed renewal that waits for the decision whether the channel goes on under it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PeerRenewed {
    /// What the new lease says about the peer.
    pub peer: Peer,
    /// The new lease.
    pub lease: VerifiedLease,
}

/// An established channel for as long as it may carry anything.
#[derive(Debug)]
pub struct Life {
    shared: Shared,
    state: State,
}

#[derive(Debug)]
enum State {
    /// The peer's next renewal may arrive.
    Open(Open),
    /// The peer's renewal is believed; policy is being asked.
    Judging(Box<Judging>),
    /// Ended: nothing more is taken.
    Over,
}

impl Life {
    /// Takes the channel over from its session. Checks both leases against `trust`, which may be
    /// newer than the session's: the first event may be [`Event::Ended`].
    #[must_use]
    pub fn new(established: Established, trust: Arc<TrustBundle>, now: UnixTime) -> Self {
        let shared = Shared::new(established, trust, now);
        let mut life = Self { shared, state: State::Open(Open::new()) };
        life.check(now);
        life
    }

    /// Takes bytes that the peer sent on the channel's own stream.
    ///
    /// # Errors
    /// [`Misuse::Over`] if the channel has ended: the bytes were not taken.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: UnixTime) -> Result<(), Misuse> {
        self.step(now, |state, shared| match state {
            State::Open(state) => state.bytes(shared, bytes),
            State::Judging(state) => state.bytes(bytes).map(Box::new).map(State::Judging),
            State::Over => Ok(State::Over),
        })
    }

    /// Tells that the deadline may have passed. Harmless before it.
    pub fn handle_timeout(&mut self, now: UnixTime) {
        self.check(now);
    }

    /// Tells that the connection, or the channel's own stream in it, was closed.
    pub fn handle_end(&mut self) {
        if !self.is_over() {
            self.end(Ending::Closed);
        }
    }

    /// Answers [`Event::PeerRenewed`]. The new lease is checked once more first: time has passed.
    ///
    /// # Errors
    /// [`Misuse`] if no decision is awaited: nothing but the time was taken then.
    pub fn decide(&mut self, decision: Decision, now: UnixTime) -> Result<(), Misuse> {
        if !matches!(self.state, State::Judging(_)) {
            self.check(now);
            return Err(if self.is_over() { Misuse::Over } else { Misuse::NoVerdictAwaited });
        }
        self.step(now, |state, shared| match (decision, state) {
            (Decision::Refuse, _) => Err(Ending::RenewalRefused),
            (Decision::Accept, State::Judging(state)) => state.accept(shared),
            (Decision::Accept, state) => Ok(state),
        })
    }

    /// This side has new credentials: tells the peer, and counts by their lease from now on. What
    /// was shown last, shown again, says nothing.
    ///
    /// # Errors
    /// [`RenewalError`] for credentials that the peer would not believe, or if the channel has
    /// ended. Nothing was said then, and the channel goes on under the lease that it had.
    pub fn renew(&mut self, local: Arc<Credentials>, now: UnixTime) -> Result<(), RenewalError> {
        self.check(now);
        if self.is_over() {
            return Err(Misuse::Over.into());
        }
        self.shared.renew(local)
    }

    /// This side has a new trust bundle: both leases are checked against it at once. An older
    /// bundle than the one in use is not taken.
    pub fn trust(&mut self, trust: Arc<TrustBundle>, now: UnixTime) {
        self.shared.trust(trust);
        self.check(now);
    }

    /// The next bytes to send to the peer on the channel's own stream.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.shared.transmits.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.shared.events.pop_front()
    }

    /// When to call [`Self::handle_timeout`]: the earlier end of the two leases that count. `None`
    /// once the channel has ended.
    #[must_use]
    pub fn deadline(&self) -> Option<UnixTime> {
        if self.is_over() { None } else { Some(self.shared.ends()) }
    }

    /// Which end this side is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.shared.channel.role()
    }

    /// Who is at the other end, as the lease says that counts.
    #[must_use]
    pub const fn peer(&self) -> &Peer {
        self.shared.channel.peer()
    }

    /// The peer's lease that counts.
    #[must_use]
    pub const fn lease(&self) -> &VerifiedLease {
        self.shared.channel.lease()
    }

    /// The lease of this side that counts: the last one that the peer was told.
    #[must_use]
    pub fn own_lease(&self) -> &VerifiedLease {
        self.shared.channel.own_lease()
    }

    /// The key exchange that protects the channel.
    #[must_use]
    pub const fn key_exchange(&self) -> NamedGroup {
        self.shared.channel.key_exchange()
    }

    /// How recent the Evidence behind both ends was when the session was established.
    #[must_use]
    pub const fn freshness(&self) -> Freshness {
        self.shared.channel.freshness()
    }

    /// When the session was established.
    #[must_use]
    pub const fn established_at(&self) -> UnixTime {
        self.shared.channel.at()
    }

    /// As [`Established::take_first_bytes`].
    #[must_use]
    pub fn take_first_bytes(&mut self) -> Vec<u8> {
        self.shared.channel.take_first_bytes()
    }

    const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Takes the time, and ends the channel if it or the trust bundle takes a lease away.
    fn check(&mut self, now: UnixTime) {
        // Nothing to check, and nothing changed, where the channel has ended.
        let _: Result<(), Misuse> = self.step(now, |state, _| Ok(state));
    }

    /// Runs one transition, if both leases still count. Whatever goes wrong ends the channel.
    fn step(
        &mut self,
        now: UnixTime,
        transition: impl FnOnce(State, &mut Shared) -> Result<State, Ending>,
    ) -> Result<(), Misuse> {
        if self.is_over() {
            return Err(Misuse::Over);
        }
        let state = core::mem::replace(&mut self.state, State::Over);
        let live = self.shared.advance(now);
        match live.and_then(|()| transition(state, &mut self.shared)) {
            Ok(next) => self.state = next,
            Err(ending) => self.end(ending),
        }
        Ok(())
    }

    fn end(&mut self, ending: Ending) {
        self.state = State::Over;
        // Nothing that was still to be said is said, and no decision is asked for any more.
        self.shared.transmits.clear();
        self.shared.events.clear();
        self.shared.events.push_back(Event::Ended(ending));
    }
}
