//! The session proof: the first bytes of a peer on a channel.

use std::sync::{Arc, LazyLock};

use cloister_channel::limits::PROOF_BYTES_MAX;
use cloister_channel::session::PeerProven;
use cloister_channel::{Credentials, Event, Session, TrustBundle};
use cloister_domain::adversary::{Mallory, Proof, framed};
use cloister_domain::link::{Link, accept, listener, proven, sent};
use cloister_domain::world::{NOW, World as Domain, agent};
use rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768;

use super::{QUICK_SIGNED, outcome};
use crate::{Outcome, Target};

pub(super) const SESSION: Target = Target {
    name: "session",
    run: session,
    seeds: proofs,
    bytes_max: PROOF_BYTES_MAX + 16,
    quick_inputs: QUICK_SIGNED,
};

pub(super) const SESSION_STATEMENT: Target = Target {
    name: "session-statement",
    run: statement,
    seeds: || vec![HOSTILE.proof.statement()],
    bytes_max: 1024,
    quick_inputs: QUICK_SIGNED,
};

/// The first byte says which end receives. Whoever is proven is the peer that signed, however the
/// bytes were cut into pieces.
fn session(data: &[u8]) -> Outcome {
    let Some((end, bytes)) = data.split_first() else { return Outcome::Refused };
    let receive = |pieces: &[&[u8]]| match end {
        0 => received(WORLD.responder(), pieces),
        _ => received(WORLD.initiator(), pieces),
    };
    let whole = receive(&[bytes]);
    let (head, tail) = bytes.split_at(bytes.len() / 2);
    assert_eq!(whole.is_some(), receive(&[head, tail]).is_some(), "pieces change the answer");
    if let Some(proven) = &whole {
        let genuine = if *end == 0 { &WORLD.a } else { &WORLD.b };
        assert_eq!(proven.lease.digest(), genuine.lease().digest(), "nobody signed this");
        assert!(bytes.len() <= PROOF_BYTES_MAX + 4);
    }
    outcome(&whole)
}

/// What a peer that was admitted may sign: no statement but the one about this connection counts.
/// Its last element is the peer's own policy epoch, of which every one from the floor on counts.
fn statement(data: &[u8]) -> Outcome {
    let Hostile { link, mallory, proof } = &*HOSTILE;
    let responder = link.responder(&WORLD.b, &WORLD.trust);
    let proven = received(responder, &[&framed(&proof.over(data))]);
    if let Some(proven) = &proven {
        let genuine = proof.statement();
        let (_epoch, connection) = genuine.split_last().expect("a statement is not empty");
        assert!(data.starts_with(connection), "another statement counts");
        assert_eq!(proven.lease.claims(), &mallory.claims);
    }
    outcome(&proven)
}

/// Gives pieces to a session until it answers. What follows a proof before the verdict on it is
/// refused.
fn received(mut session: Session, pieces: &[&[u8]]) -> Option<PeerProven> {
    for piece in pieces {
        let _over = session.handle_bytes(piece, NOW);
    }
    match session.poll_event()? {
        Event::PeerProven(proven) => Some(*proven),
        Event::Refused(_) => None,
        Event::Established(_) | _ => panic!("established without a decision"),
    }
}

/// One connection between two runtimes, and the genuine proofs over it.
struct World {
    domain: Domain,
    link: Link,
    trust: Arc<TrustBundle>,
    a: Arc<Credentials>,
    b: Arc<Credentials>,
    to_responder: Vec<u8>,
    to_initiator: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let domain = Domain::new();
    let (a, b) = (domain.runtime("a"), domain.runtime("b"));
    let (link, trust) = (Link::genuine(&domain, &a, &b), Arc::new(domain.trust()));
    let mut initiator = link.initiator(&a, &trust, agent("b"));
    let mut responder = link.responder(&b, &trust);
    let to_responder = sent(&mut initiator);
    proven(&mut responder, &to_responder).expect("a genuine proof");
    accept(&mut responder);
    let to_initiator = sent(&mut responder);
    World { domain, link, trust, a, b, to_responder, to_initiator }
});

impl World {
    fn responder(&self) -> Session {
        self.link.responder(&self.b, &self.trust)
    }

    fn initiator(&self) -> Session {
        self.link.initiator(&self.a, &self.trust, agent("b"))
    }
}

/// A connection on which an admitted peer signs whatever it likes.
struct Hostile {
    link: Link,
    mallory: Mallory,
    proof: Proof,
}

static HOSTILE: LazyLock<Hostile> = LazyLock::new(|| {
    let mallory = Mallory::admitted(&WORLD.domain, "a");
    let dialler = Arc::new(mallory.client(&[X25519MLKEM768]));
    let accepting = listener(&WORLD.domain, &WORLD.b);
    let link = Link::new(&WORLD.domain, dialler, accepting).expect("a handshake");
    let proof = mallory.proof("initiator", &link.client, WORLD.b.channel().public(), "b");
    Hostile { link, mallory, proof }
});

fn proofs() -> Vec<Vec<u8>> {
    vec![[&[0], &WORLD.to_responder[..]].concat(), [&[1], &WORLD.to_initiator[..]].concat()]
}
