//! One runtime: its keys, its lease, what it trusts, and TLS made from them.

use std::sync::Arc;

use anyhow::Context as _;
use cloister_api::v1;
use cloister_attestation::policy::AnchorPolicy;
use cloister_channel::trust::Followed;
use cloister_channel::{
    ChannelKey, Credentials, IdentityKey, KeyExchange, TrustBundle, client_config, server_config,
};
use rustls::{ClientConfig, ServerConfig};

use crate::clock::Clock;
use crate::verifier::Verifier;

/// One runtime's end of a channel: which channel, and which of its two ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub(crate) channel: usize,
    pub(crate) end: usize,
}

#[derive(Debug)]
pub(crate) struct Runtime {
    pub(crate) agent: String,
    pub(crate) identity: Arc<IdentityKey>,
    pub(crate) standing: Standing,
    pub(crate) seats: Vec<Seat>,
}

/// What channels are opened under, as `cloisterd` keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) trust: Arc<TrustBundle>,
    pub(crate) client: Arc<ClientConfig>,
    pub(crate) server: Arc<ServerConfig>,
}

impl Runtime {
    /// Asks for its first lease.
    pub(crate) fn admitted(
        number: usize,
        verifier: &Verifier,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        let (agent, identity) = (format!("node-{number}"), Arc::new(IdentityKey::generate()?));
        let standing = Standing::lease(&agent, &identity, verifier, clock)?;
        Ok(Self { agent, identity, standing, seats: Vec::new() })
    }

    /// Asks for its next lease.
    pub(crate) fn renew(&mut self, verifier: &Verifier, clock: &Clock) -> anyhow::Result<()> {
        self.standing = Standing::lease(&self.agent, &self.identity, verifier, clock)?;
        Ok(())
    }

    /// Hears what the Verifier tells everybody.
    pub(crate) fn hear(&mut self, event: v1::WatchEvent, clock: &Clock) -> anyhow::Result<()> {
        let mut trust = TrustBundle::clone(&self.standing.trust);
        trust.forget_ended(clock.now());
        let followed = trust.follow(event)?;
        anyhow::ensure!(matches!(followed, Followed::Applied(_)), "an event came to nothing");
        let credentials = Arc::clone(&self.standing.credentials);
        self.standing = Standing::new(credentials, Arc::new(trust), clock)?;
        Ok(())
    }
}

impl Standing {
    fn new(
        credentials: Arc<Credentials>,
        trust: Arc<TrustBundle>,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        let time = || Arc::new(clock.clone());
        let client = client_config(&credentials, &trust, KeyExchange::PostQuantum, time())?;
        let server = server_config(&credentials, &trust, KeyExchange::PostQuantum, time())?;
        Ok(Self { credentials, trust, client, server })
    }

    /// From a new channel key to everything that a lease for it is good for.
    fn lease(
        agent: &str,
        identity: &Arc<IdentityKey>,
        verifier: &Verifier,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        let (channel, now) = (Arc::new(ChannelKey::generate()?), clock.now());
        let answer = verifier.admit(agent, identity, &channel, now)?;
        let trust = TrustBundle::from_wire(&answer.trust, AnchorPolicy::Vendor)?;
        let identity = Arc::clone(identity);
        let made =
            Credentials::new(identity, channel, &[answer.certificate], &answer.lease, &trust, now);
        let credentials = made.context("a lease is of no use")?;
        let credentials = credentials.with_lease_jwt(&answer.jwt, &trust, now)?;
        Self::new(Arc::new(credentials), Arc::new(trust), clock)
    }
}
