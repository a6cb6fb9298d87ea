//! An adversary that holds a channel to the genuine agent `b` and writes its renewals by hand.

use std::sync::Arc;

use cloister_attestation::bytes::Digest48;
use cloister_channel::life::{Ending, Event, PeerRenewed, RenewalError};
use cloister_channel::{Credentials, LeaseClaims, Life, TrustBundle};
use cloister_domain::link::{Link, accept, established, listener, proven, sent};
use cloister_domain::world::{NOW, World, later};
use minicbor::Encoder;
use rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768;

use crate::adversary::{Mallory, RawKey, exporter, framed, sign1};

/// Mallory, who dialled, on an established channel.
pub(super) struct Attack {
    pub(super) world: World,
    pub(super) trust: Arc<TrustBundle>,
    pub(super) mallory: Mallory,
    pub(super) b: Arc<Credentials>,
    pub(super) link: Link,
    /// At `b`.
    pub(super) life: Life,
}

impl Attack {
    pub(super) fn new() -> Self {
        let world = World::new();
        let (mallory, b) = (Mallory::admitted(&world, "m"), world.runtime("b"));
        let trust = Arc::new(world.trust());
        let (link, life) = channel(&world, &mallory, &b, &trust);
        Self { world, trust, mallory, b, link, life }
    }

    /// Another channel between the same two.
    pub(super) fn another(&self) -> (Link, Life) {
        channel(&self.world, &self.mallory, &self.b, &self.trust)
    }

    /// Mallory's lease that was issued `secs` after the first one.
    pub(super) fn lease(&self, secs: u64, change: impl FnOnce(&mut LeaseClaims)) -> Vec<u8> {
        let mut claims = later(&self.mallory.claims, secs);
        change(&mut claims);
        self.world.signer.sign(&claims).unwrap()
    }

    /// What an honest runtime with Mallory's keys would say.
    pub(super) fn honest(&self, lease: Vec<u8>) -> Renewal {
        Renewal {
            outer_label: "cloister/renewal/1",
            outer_role: "initiator",
            label: "cloister/renewal/1",
            role: "initiator",
            exporter: exporter(&self.link.client, "initiator"),
            previous: Digest48::sha384(&self.mallory.lease),
            digest: Digest48::sha384(&lease),
            policy_epoch: 3,
            signer: self.mallory.identity.clone(),
            lease,
        }
    }

    /// What comes of a renewal that differs from the honest one.
    pub(super) fn tried(
        &mut self,
        change: impl FnOnce(&mut Renewal),
    ) -> Result<PeerRenewed, RenewalError> {
        let mut renewal = self.honest(self.lease(60, |_| {}));
        change(&mut renewal);
        self.judged(&renewal.framed())
    }

    /// What comes of these bytes.
    pub(super) fn judged(&mut self, bytes: &[u8]) -> Result<PeerRenewed, RenewalError> {
        self.life.handle_bytes(bytes, NOW).unwrap();
        match self.life.poll_event() {
            Some(Event::PeerRenewed(renewed)) => Ok(*renewed),
            Some(Event::Ended(Ending::Renewal(error))) => {
                assert_eq!(self.life.deadline(), None);
                Err(error)
            }
            other => panic!("expected a renewal's outcome, got {other:?}"),
        }
    }
}

/// Mallory dials `b` and is let in.
fn channel(
    world: &World,
    mallory: &Mallory,
    b: &Arc<Credentials>,
    trust: &Arc<TrustBundle>,
) -> (Link, Life) {
    let client = Arc::new(mallory.client(&[X25519MLKEM768]));
    let link = Link::new(world, client, listener(world, b)).unwrap();
    let mut session = link.responder(b, trust);
    let proof = mallory.proof("initiator", &link.client, b.channel().public(), "b");
    proven(&mut session, &proof.framed()).unwrap();
    accept(&mut session);
    assert!(!sent(&mut session).is_empty());
    session.handle_bytes(b"P", NOW).unwrap();
    let life = Life::new(established(&mut session), Arc::clone(trust), NOW);
    (link, life)
}

/// A renewal, each part of which can be set on its own.
pub(super) struct Renewal {
    pub(super) outer_label: &'static str,
    pub(super) outer_role: &'static str,
    pub(super) lease: Vec<u8>,
    pub(super) label: &'static str,
    pub(super) role: &'static str,
    pub(super) exporter: [u8; 32],
    pub(super) previous: Digest48,
    pub(super) digest: Digest48,
    pub(super) policy_epoch: u64,
    pub(super) signer: RawKey,
}

impl Renewal {
    /// The message with its length in front.
    pub(super) fn framed(&self) -> Vec<u8> {
        framed(&self.message(&sign1(&[0xa1, 0x01, 0x26], &self.statement(), &self.signer)))
    }

    /// The message with another signed part than usual.
    pub(super) fn message(&self, proof: &[u8]) -> Vec<u8> {
        let mut e = Encoder::new(Vec::new());
        e.map(5).unwrap().u8(1).unwrap().str(self.outer_label).unwrap();
        e.u8(2).unwrap().str(self.outer_role).unwrap();
        e.u8(3).unwrap().bytes(&self.lease).unwrap();
        e.u8(4).unwrap().null().unwrap();
        e.u8(5).unwrap().bytes(proof).unwrap();
        e.into_writer()
    }

    pub(super) fn statement(&self) -> Vec<u8> {
        let mut e = Encoder::new(Vec::new());
        e.array(6).unwrap().str(self.label).unwrap().str(self.role).unwrap();
        e.bytes(&self.exporter).unwrap().bytes(self.previous.as_bytes()).unwrap();
        e.bytes(self.digest.as_bytes()).unwrap().u64(self.policy_epoch).unwrap();
        e.into_writer()
    }
}
