//! One channel: both ends of it, from the TLS handshake on.

use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use cloister_attestation::time::UnixTime;
use cloister_channel::life::Event as Lived;
use cloister_channel::{Decision, Established, Event, Life, Session};
use cloister_domain::link::{Link, sent};
use cloister_domain::world::{World, agent};

use crate::runtime::{Runtime, Standing};

/// Both ends of a channel, initiator first. TLS is not kept: nothing is carried.
#[derive(Debug)]
pub(crate) struct Channel([Life; 2]);

impl Channel {
    /// Connects two runtimes: TLS, both proofs, both verdicts.
    pub(crate) fn open(
        world: &World,
        [a, b]: [&Runtime; 2],
        now: UnixTime,
    ) -> anyhow::Result<Self> {
        let (client, server) = (&a.standing, &b.standing);
        let link = Link::new(world, Arc::clone(&client.client), Arc::clone(&server.server))?;
        let (near, far) = (link.client_handshake()?, link.server_handshake()?);
        let of =
            |standing: &Standing| (Arc::clone(&standing.credentials), Arc::clone(&standing.trust));
        let (credentials, trust) = of(client);
        let mut initiator = Session::initiator(credentials, trust, near, agent(&b.agent), now)?;
        let (credentials, trust) = of(server);
        let mut responder = Session::responder(credentials, trust, far, now)?;
        believed(&mut responder, &sent(&mut initiator), now)?;
        believed(&mut initiator, &sent(&mut responder), now)?;
        responder.handle_bytes(b"P", now)?;
        let life = |session: &mut Session, standing: &Standing| {
            anyhow::Ok(Life::new(verdict(session)?, Arc::clone(&standing.trust), now))
        };
        Ok(Self([life(&mut initiator, client)?, life(&mut responder, server)?]))
    }

    /// One end has a new lease, tells the other, and that one takes it.
    pub(crate) fn renew(
        &mut self,
        end: usize,
        standing: &Standing,
        now: UnixTime,
    ) -> anyhow::Result<()> {
        let [initiator, responder] = &mut self.0;
        let (own, peer) = if end == 0 { (initiator, responder) } else { (responder, initiator) };
        own.renew(Arc::clone(&standing.credentials), now)?;
        own.trust(Arc::clone(&standing.trust), now);
        let said = own.poll_transmit().context("a new lease is not told")?;
        peer.handle_bytes(&said, now)?;
        match peer.poll_event() {
            Some(Lived::PeerRenewed(_)) => peer.decide(Decision::Accept, now)?,
            other => bail!("a renewal came to {other:?}"),
        }
        ensure!(peer.lease() == standing.credentials.lease(), "the new lease does not count");
        Ok(())
    }

    /// One end trusts otherwise than before. Whether it has ended by that.
    pub(crate) fn trust(&mut self, end: usize, standing: &Standing, now: UnixTime) -> bool {
        let Some(life) = self.0.get_mut(end) else { return false };
        life.trust(Arc::clone(&standing.trust), now);
        matches!(life.poll_event(), Some(Lived::Ended(_)))
    }

    /// Time passes. How many ends were open and have ended by that.
    pub(crate) fn pass(&mut self, now: UnixTime) -> usize {
        let ended = self.0.iter_mut().filter_map(|life| {
            life.handle_timeout(now);
            life.poll_event()
        });
        ended.count()
    }
}

/// A session is given its peer's proof, believes it, and accepts.
fn believed(session: &mut Session, proof: &[u8], now: UnixTime) -> anyhow::Result<()> {
    session.handle_bytes(proof, now)?;
    match session.poll_event() {
        Some(Event::PeerProven(_)) => Ok(session.decide(Decision::Accept, now)?),
        other => bail!("a proof came to {other:?}"),
    }
}

fn verdict(session: &mut Session) -> anyhow::Result<Established> {
    match session.poll_event() {
        Some(Event::Established(verdict)) => Ok(*verdict),
        other => bail!("a session came to {other:?}"),
    }
}
