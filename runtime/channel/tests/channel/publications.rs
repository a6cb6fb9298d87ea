//! Published policies that must be refused.

use cloister_attestation::code::Diagnostic;
use cloister_channel::limits::PUBLICATION_BYTES_MAX;
use cloister_channel::publication::{Publication, PublicationError};

use crate::world::{NOW, World, agent};

fn published(world: &World) -> Publication {
    Publication {
        trust_domain: world.domain.clone(),
        agent: agent("translator"),
        number: 7,
        published_at: NOW,
        bundle: b"permit(principal, action, resource);".to_vec(),
    }
}

fn read(world: &World, bytes: &[u8]) -> Result<Publication, PublicationError> {
    Publication::verify(bytes, &world.trust(), &agent("translator"), 6)
}

#[test]
fn what_was_published_is_what_is_read() {
    let world = World::new();
    let sent = published(&world);
    assert_eq!(read(&world, &sent.sign(&world.signer).unwrap()).unwrap(), sent);
}

#[test]
fn every_bit_is_signed() {
    let world = World::new();
    let good = published(&world).sign(&world.signer).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(read(&world, &bad).is_err(), "byte {at}");
        assert!(read(&world, &good[..at]).is_err(), "cut at {at}");
    }
    assert!(read(&world, &[good.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn another_verifiers_agents_or_an_older_policy_is_refused() {
    let (world, stranger) = (World::new(), World::new());
    let mine = published(&world);
    for (publication, signer, code) in [
        (mine.clone(), &stranger.signer, "publication.signature"),
        (Publication { agent: agent("b"), ..mine.clone() }, &world.signer, "publication.audience"),
        (
            Publication { trust_domain: "else.example".parse().unwrap(), ..mine.clone() },
            &world.signer,
            "publication.audience",
        ),
        (Publication { number: 6, ..mine.clone() }, &world.signer, "publication.rollback"),
        (Publication { number: 0, ..mine.clone() }, &world.signer, "publication.rollback"),
    ] {
        let error = read(&world, &publication.sign(signer).unwrap()).unwrap_err();
        assert_eq!(error.code().id, code, "{error}");
    }
}

#[test]
fn a_lease_or_a_snapshot_of_revocations_is_no_policy() {
    let world = World::new();
    let runtime = world.runtime("translator");
    let snapshot = world.trust().to_wire(&world.signer).unwrap().revocations;
    for other in [runtime.lease_bytes(), &snapshot] {
        assert_eq!(read(&world, other).unwrap_err().code().id, "publication.malformed");
    }
}

#[test]
fn sizes_are_bounded() {
    let world = World::new();
    let large = Publication { bundle: vec![b' '; PUBLICATION_BYTES_MAX], ..published(&world) };
    assert_eq!(large.sign(&world.signer).unwrap_err().code().id, "publication.malformed");
    let most = Publication { bundle: vec![b' '; 256 * 1024], ..published(&world) };
    assert_eq!(read(&world, &most.sign(&world.signer).unwrap()).unwrap(), most);
}
