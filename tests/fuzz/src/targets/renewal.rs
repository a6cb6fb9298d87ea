//! Renewals: what a peer sends on a channel's own stream.

use std::sync::{Arc, LazyLock};

use cloister_channel::life::{Event, PeerRenewed};
use cloister_channel::limits::RENEWAL_BYTES_MAX;
use cloister_channel::{Credentials, Life, TrustBundle};
use cloister_domain::link::Link;
use cloister_domain::world::{NOW, World as Domain};

use super::{QUICK_SIGNED, outcome};
use crate::{Outcome, Target};

pub(super) const RENEWAL: Target = Target {
    name: "renewal",
    run: renewal,
    seeds: || vec![WORLD.renewal.clone()],
    bytes_max: RENEWAL_BYTES_MAX + 16,
    quick_inputs: QUICK_SIGNED,
};

/// Whatever is believed is the renewal that the peer signed, however the bytes were cut into
/// pieces, and no bytes prolong a channel before a decision.
fn renewal(data: &[u8]) -> Outcome {
    let whole = received(&[data]);
    let (head, tail) = data.split_at(data.len() / 2);
    assert_eq!(whole.is_some(), received(&[head, tail]).is_some(), "pieces change the answer");
    if let Some(renewed) = &whole {
        assert_eq!(renewed.lease.digest(), WORLD.renewed.lease().digest(), "nobody signed this");
    }
    outcome(&whole)
}

/// Gives pieces to a channel until it asks or ends.
fn received(pieces: &[&[u8]]) -> Option<PeerRenewed> {
    let World { link, a, b, trust, .. } = &*WORLD;
    let (_, established) = link.established(a, b, trust);
    let mut life = Life::new(established, Arc::clone(trust), NOW);
    let before = life.deadline();
    for piece in pieces {
        let _over = life.handle_bytes(piece, NOW);
    }
    assert!(life.deadline().is_none_or(|now| Some(now) == before), "prolonged by bytes");
    match life.poll_event()? {
        Event::PeerRenewed(renewed) => Some(*renewed),
        Event::Ended(_) => None,
        _ => panic!("an event that nobody knows"),
    }
}

/// One connection between two runtimes, and the genuine renewal of the one that dialled.
struct World {
    link: Link,
    trust: Arc<TrustBundle>,
    a: Arc<Credentials>,
    b: Arc<Credentials>,
    renewed: Arc<Credentials>,
    renewal: Vec<u8>,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let domain = Domain::new();
    let (a, b) = (domain.runtime("a"), domain.runtime("b"));
    let (link, trust) = (Link::genuine(&domain, &a, &b), Arc::new(domain.trust()));
    let (established, _) = link.established(&a, &b, &trust);
    let mut life = Life::new(established, Arc::clone(&trust), NOW);
    let renewed = domain.renewed(&a, 60);
    life.renew(Arc::clone(&renewed), NOW).expect("a later lease");
    let renewal = life.poll_transmit().expect("a renewal");
    World { link, trust, a, b, renewed, renewal }
});
