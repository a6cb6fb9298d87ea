//! Visits: what a stranger says to a runtime first, and what a runtime answers.

use std::sync::{Arc, LazyLock};

use cloister_channel::limits::{GREETING_BYTES_MAX, PROOF_BYTES_MAX};
use cloister_channel::visit::{Heard, Reached};
use cloister_channel::{Credentials, TrustBundle};
use cloister_domain::adversary::{Mallory, framed};
use cloister_domain::link::Link;
use cloister_domain::visit::{NONCE, VisitProof, admitted, diverted, host, link, visitor};
use cloister_domain::world::{NOW, World as Domain, agent};

use super::{QUICK_SIGNED, outcome};
use crate::{Outcome, Target};

pub(super) const GREETING: Target = Target {
    name: "visit-greeting",
    run: greeting,
    seeds: || vec![WORLD.greeting.clone()],
    bytes_max: GREETING_BYTES_MAX + 16,
    quick_inputs: QUICK_SIGNED,
};

pub(super) const PROOF: Target = Target {
    name: "visit-proof",
    run: proof,
    seeds: || vec![WORLD.proof.clone()],
    bytes_max: PROOF_BYTES_MAX + 16,
    quick_inputs: QUICK_SIGNED,
};

pub(super) const STATEMENT: Target = Target {
    name: "visit-statement",
    run: statement,
    seeds: || vec![HOSTILE.proof.statement()],
    bytes_max: 1024,
    quick_inputs: QUICK_SIGNED,
};

/// Whoever waits to be let in means this agent, however the bytes were cut into pieces; nobody is
/// received before this side has proved itself.
fn greeting(data: &[u8]) -> Outcome {
    let waits = |pieces: &[&[u8]]| {
        let mut host = host(&WORLD.link, &WORLD.b, &WORLD.trust);
        let heard = pieces.iter().map(|piece| host.handle_bytes(piece, NOW));
        heard.fold(false, |waits, heard| match heard {
            Ok(Heard::Visitor) => true,
            Ok(Heard::Nothing) => waits,
            Ok(Heard::Received(_)) => panic!("received without a proof"),
            Err(_) => false,
        })
    };
    let whole = waits(&[data]);
    let (head, tail) = data.split_at(data.len() / 2);
    assert_eq!(whole, waits(&[head, tail]), "pieces change the answer");
    outcome(&whole.then_some(()))
}

/// Whoever is reached is the runtime that signed.
fn proof(data: &[u8]) -> Outcome {
    let whole = reached(&WORLD.link, &[data]);
    let (head, tail) = data.split_at(data.len() / 2);
    let pieces = reached(&WORLD.link, &[head, tail]);
    assert_eq!(whole.is_some(), pieces.is_some(), "pieces change the answer");
    if let Some(reached) = &whole {
        assert_eq!(reached.lease().digest(), WORLD.b.lease().digest(), "nobody signed this");
    }
    outcome(&whole)
}

/// What a runtime that was admitted may sign: no statement but the one about this visit counts. Its
/// last element is the runtime's own policy epoch, of which every one from the floor on counts.
fn statement(data: &[u8]) -> Outcome {
    let Hostile { link, proof } = &*HOSTILE;
    let reached = reached(link, &[&framed(&proof.over(data))]);
    if reached.is_some() {
        let genuine = proof.statement();
        let (_epoch, visit) = genuine.split_last().expect("a statement is not empty");
        assert!(data.starts_with(visit), "another statement counts");
    }
    outcome(&reached)
}

/// Gives pieces to a visitor until it has an answer.
fn reached(link: &Link, pieces: &[&[u8]]) -> Option<Reached> {
    let (mut visitor, _) = visitor(link, &WORLD.trust, agent("b"), NONCE);
    let answers = pieces.iter().map(|piece| visitor.handle_bytes(piece, NOW));
    answers.last().and_then(Result::ok).flatten()
}

/// One connection of a visitor to a runtime, and what both say on it.
struct World {
    domain: Domain,
    link: Link,
    trust: Arc<TrustBundle>,
    b: Arc<Credentials>,
    greeting: Vec<u8>,
    proof: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let domain = Domain::new();
    let b = domain.runtime("b");
    let (link, trust) = (link(&domain, &b), Arc::new(domain.trust()));
    let (_, greeting) = visitor(&link, &trust, agent("b"), NONCE);
    let proof = admitted(&mut host(&link, &b, &trust), &greeting).expect("a genuine greeting");
    World { domain, link, trust, b, greeting, proof }
});

/// A visit to an admitted runtime that signs whatever it likes.
struct Hostile {
    link: Link,
    proof: VisitProof,
}

static HOSTILE: LazyLock<Hostile> = LazyLock::new(|| {
    let mallory = Mallory::admitted(&WORLD.domain, "b");
    let link = diverted(&WORLD.domain, &mallory);
    let proof = VisitProof::of(&mallory, &link.server, "b");
    Hostile { link, proof }
});
