//! The verdict: the one thing that lets application bytes flow.

use cloister_attestation::time::UnixTime;
use rustls::NamedGroup;

use super::{PeerProven, Role};
use crate::lease::VerifiedLease;
use crate::peer::Peer;

/// Both sides proved who they are over one TLS connection, and this side's policy accepted.
///
/// Only a session makes one. Whatever carries HTTP over the connection takes it by value, so that
/// no path leads around the verdict.
#[derive(Debug)]
pub struct Established {
    role: Role,
    peer: Peer,
    lease: VerifiedLease,
    key_exchange: NamedGroup,
    at: UnixTime,
    first_bytes: Vec<u8>,
}

impl Established {
    pub(super) fn new(
        role: Role,
        proven: PeerProven,
        key_exchange: NamedGroup,
        at: UnixTime,
        first_bytes: Vec<u8>,
    ) -> Self {
        let PeerProven { peer, lease } = proven;
        Self { role, peer, lease, key_exchange, at, first_bytes }
    }

    /// Which end this side is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Who is at the other end.
    #[must_use]
    pub const fn peer(&self) -> &Peer {
        &self.peer
    }

    /// The peer's lease, to be checked again as time passes and revocations arrive.
    #[must_use]
    pub const fn lease(&self) -> &VerifiedLease {
        &self.lease
    }

    /// The key exchange that protects the channel.
    #[must_use]
    pub const fn key_exchange(&self) -> NamedGroup {
        self.key_exchange
    }

    /// When the session was established.
    #[must_use]
    pub const fn at(&self) -> UnixTime {
        self.at
    }

    /// The first application bytes, which established the session at the responder. They come
    /// before whatever is read from the connection next. Empty at the initiator, and at the second
    /// call.
    #[must_use]
    pub fn take_first_bytes(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.first_bytes)
    }
}
