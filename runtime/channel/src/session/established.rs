//! The verdict: the one thing that lets application bytes flow.

use std::sync::Arc;

use cloister_attestation::time::UnixTime;
use rustls::NamedGroup;

use super::shared::Shared;
use super::{PeerProven, Role};
use crate::credentials::Credentials;
use crate::identity::PublicKey;
use crate::lease::VerifiedLease;
use crate::peer::Peer;
use crate::tls::{Exporters, Freshness};

/// Both sides proved who they are over one TLS connection, and this side's policy accepted.
///
/// Only a session makes one. Whatever carries HTTP over the connection takes it by value, so that
/// no path leads around the verdict; [`crate::life::Life`] does, and keeps it true as time passes.
#[derive(Debug)]
pub struct Established {
    role: Role,
    peer: Peer,
    lease: VerifiedLease,
    identity_key: PublicKey,
    local: Arc<Credentials>,
    exporters: Exporters,
    key_exchange: NamedGroup,
    freshness: Freshness,
    at: UnixTime,
    first_bytes: Vec<u8>,
}

impl Established {
    pub(super) fn new(
        shared: &Shared,
        proven: PeerProven,
        at: UnixTime,
        first_bytes: Vec<u8>,
    ) -> Self {
        let PeerProven { peer, lease, identity_key, evidence: _ } = proven;
        Self {
            role: shared.handshake.role(),
            peer,
            lease,
            identity_key,
            local: Arc::clone(&shared.local),
            exporters: shared.handshake.exporters().clone(),
            key_exchange: shared.handshake.key_exchange(),
            freshness: shared.handshake.freshness(),
            at,
            first_bytes,
        }
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

    /// The lease that this side showed, or the last one that it renewed with.
    #[must_use]
    pub fn own_lease(&self) -> &VerifiedLease {
        self.local.lease()
    }

    /// The key exchange that protects the channel.
    #[must_use]
    pub const fn key_exchange(&self) -> NamedGroup {
        self.key_exchange
    }

    /// How recent the Evidence behind both ends was when the session was established.
    #[must_use]
    pub const fn freshness(&self) -> Freshness {
        self.freshness
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

    /// The key that the peer's lease confirms.
    pub(crate) const fn identity_key(&self) -> &PublicKey {
        &self.identity_key
    }

    /// What statements about this connection are bound to.
    pub(crate) const fn exporters(&self) -> &Exporters {
        &self.exporters
    }

    /// The peer has renewed: its new lease counts from now on.
    pub(crate) fn replace_lease(&mut self, lease: VerifiedLease) {
        self.peer = Peer::from(&lease);
        self.lease = lease;
    }

    /// This side has renewed.
    pub(crate) fn replace_local(&mut self, local: Arc<Credentials>) {
        self.local = local;
    }
}
