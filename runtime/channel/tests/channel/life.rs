//! The life of established channels: renewals that are believed and that are not, and every way in
//! which a channel ends.

mod attacks;
mod endings;
mod forged;
mod properties;
mod renewals;

use std::sync::Arc;

use cloister_attestation::time::UnixTime;
use cloister_channel::life::{Ending, Event, PeerRenewed};
use cloister_channel::session::Misuse;
use cloister_channel::trust::{Revocation, TrustParts};
use cloister_channel::{Credentials, Decision, Life, TrustBundle};
use cloister_domain::link::Link;
use cloister_domain::world::{NOW, World, at};

/// The genuine agents `a`, which dialled, and `b`, on an established channel.
struct Pair {
    world: World,
    trust: Arc<TrustBundle>,
    a: Arc<Credentials>,
    b: Arc<Credentials>,
    /// At `a`.
    initiator: Life,
    /// At `b`.
    responder: Life,
}

impl Pair {
    fn new() -> Self {
        let world = World::new();
        let (a, b) = (world.runtime("a"), world.runtime("b"));
        Self::between(world, a, b)
    }

    fn between(world: World, a: Arc<Credentials>, b: Arc<Credentials>) -> Self {
        let trust = Arc::new(world.trust());
        let link = Link::genuine(&world, &a, &b);
        let (initiator, responder) = link.established(&a, &b, &trust);
        let initiator = Life::new(initiator, Arc::clone(&trust), NOW);
        let responder = Life::new(responder, Arc::clone(&trust), NOW);
        Self { world, trust, a, b, initiator, responder }
    }

    /// `a` renews with a lease issued `later_secs` later: what it sends.
    fn a_renews(&mut self, later_secs: u64) -> Vec<u8> {
        let renewed = self.world.renewed(&self.a, later_secs);
        self.initiator.renew(Arc::clone(&renewed), NOW).unwrap();
        self.a = renewed;
        said(&mut self.initiator)
    }

    /// The trust bundle as it is after a change.
    fn changed(&self, change: impl FnOnce(&mut TrustParts)) -> Arc<TrustBundle> {
        let mut parts = self.world.parts();
        parts.sequence = 2;
        change(&mut parts);
        Arc::new(TrustBundle::new(parts, self.trust.anchors().clone()).unwrap())
    }

    /// The trust bundle once this runtime is revoked.
    fn without(&self, revoked: &Credentials) -> Arc<TrustBundle> {
        let claims = revoked.lease().claims();
        let agent = claims.agent.clone();
        let why = Revocation { agent, reason: "agent.retired".into(), forget_after: at(4000) };
        self.changed(|parts| parts.revoked.push((claims.instance(), why)))
    }
}

/// Everything that one end has to say.
fn said(life: &mut Life) -> Vec<u8> {
    std::iter::from_fn(|| life.poll_transmit()).flatten().collect()
}

/// Gives bytes to one end and expects it to ask about a renewal.
#[track_caller]
fn asked(life: &mut Life, bytes: &[u8], now: UnixTime) -> PeerRenewed {
    life.handle_bytes(bytes, now).unwrap();
    question(life)
}

/// The question about a renewal.
#[track_caller]
fn question(life: &mut Life) -> PeerRenewed {
    match life.poll_event() {
        Some(Event::PeerRenewed(renewed)) => *renewed,
        other => panic!("expected a question, got {other:?}"),
    }
}

/// Gives bytes to one end and expects nothing to come of them.
#[track_caller]
fn quiet(life: &mut Life, bytes: &[u8]) {
    life.handle_bytes(bytes, NOW).unwrap();
    open(life);
}

/// Nothing happened.
#[track_caller]
fn open(life: &mut Life) {
    let event = life.poll_event();
    assert!(event.is_none(), "{event:?}");
    assert!(life.deadline().is_some());
}

#[track_caller]
fn accept(life: &mut Life, now: UnixTime) {
    life.decide(Decision::Accept, now).unwrap();
}

/// Why the channel ended; that it did, once and for all.
#[track_caller]
fn ended(life: &mut Life) -> Ending {
    let ending = match life.poll_event() {
        Some(Event::Ended(ending)) => ending,
        other => panic!("expected the end, got {other:?}"),
    };
    assert!(life.poll_event().is_none() && life.poll_transmit().is_none());
    assert_eq!(life.deadline(), None);
    assert_eq!(life.handle_bytes(b"more", NOW), Err(Misuse::Over));
    assert_eq!(life.decide(Decision::Accept, NOW), Err(Misuse::Over));
    life.handle_timeout(at(9999));
    life.handle_end();
    assert!(life.poll_event().is_none(), "the end comes once");
    ending
}
