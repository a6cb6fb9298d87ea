//! Links that were made by hand: by an agent that holds its own keys and does not keep the rules.

use std::collections::BTreeSet;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::cbor::Writer;
use cloister_channel::Credentials;
use cloister_channel::limits::DELEGATION_BYTES_MAX;
use minicbor::Decoder;

use super::{Scene, code, scopes};
use crate::world::at;

const TYP: &str = "application/vnd.cloister.delegation+cose";

/// A statement, as whoever forges it likes it.
#[derive(Clone)]
struct Forged {
    lease: Digest48,
    audience: String,
    scope: BTreeSet<String>,
    not_after: u64,
    parent: Option<Digest48>,
}

impl Forged {
    /// What `from` could rightly say to `to`.
    fn right(scene: &Scene, from: usize, to: usize) -> Self {
        Self {
            lease: *scene.agents[from].lease().digest(),
            audience: scene.agents[to].lease().claims().spiffe_id().to_string(),
            scope: scopes(&["read"]),
            not_after: at(200).as_secs(),
            parent: None,
        }
    }

    fn payload(&self) -> Vec<u8> {
        let mut e = Writer::default();
        e.map(7).unsigned(1).text("cloister/delegation/1");
        e.unsigned(2).bytes(self.lease.as_bytes()).unsigned(3).text(&self.audience);
        e.unsigned(4).array(self.scope.len());
        for scope in &self.scope {
            e.text(scope);
        }
        e.unsigned(5).unsigned(self.not_after).unsigned(6).bytes(&[9; 16]).unsigned(7);
        match &self.parent {
            Some(parent) => e.bytes(parent.as_bytes()),
            None => e.null(),
        };
        e.into_bytes()
    }

    /// The link, signed by `by`, with its lease and key.
    fn link(&self, by: &Credentials) -> Vec<u8> {
        signed(by, &self.payload(), TYP)
    }
}

fn signed(by: &Credentials, payload: &[u8], typ: &'static str) -> Vec<u8> {
    let signed = by.identity().sign_typed(typ, payload).unwrap();
    of_parts(by.lease_bytes(), by.identity().spki(), &signed)
}

fn of_parts(lease: &[u8], key: &[u8], signed: &[u8]) -> Vec<u8> {
    let mut e = Writer::default();
    e.array(3).bytes(lease).bytes(key).bytes(signed);
    e.into_bytes()
}

fn chain(links: &[&[u8]]) -> Vec<u8> {
    let mut e = Writer::default();
    e.array(links.len());
    for link in links {
        e.raw(link);
    }
    e.into_bytes()
}

/// The bytes of each link of a chain, and the digest that the next one names it by.
fn links(chain: &[u8]) -> Vec<(Vec<u8>, Digest48)> {
    let mut d = Decoder::new(chain);
    let count = d.array().unwrap().unwrap();
    let read = (0..count).map(|_| {
        let from = d.position();
        assert_eq!(d.array().unwrap(), Some(3));
        let (_, _, signed) = (d.bytes().unwrap(), d.bytes().unwrap(), d.bytes().unwrap());
        (chain[from..d.position()].to_vec(), Digest48::sha384(signed))
    });
    read.collect()
}

#[test]
fn what_is_made_by_hand_as_it_should_be_is_believed() {
    let scene = Scene::new();
    let link = Forged::right(&scene, 0, 1).link(&scene.agents[0]);
    let read = scene.read(&chain(&[&link]), 0, 1).unwrap();
    assert_eq!(read.not_after(), at(200));
}

#[test]
fn a_link_signed_for_more_than_its_issuer_has_is_refused() {
    let scene = Scene::new();
    let first = scene.begin(0, 1, &["read"]).unwrap();
    let (first, parent) = links(&first).remove(0);
    let right = Forged { parent: Some(parent), ..Forged::right(&scene, 1, 2) };
    let read =
        |forged: &Forged| scene.read(&chain(&[&first, &forged.link(&scene.agents[1])]), 1, 2);
    assert!(read(&right).is_ok());
    for (forged, expected) in [
        // B may pay by its own lease, and was not passed that on.
        (Forged { scope: scopes(&["pay", "read"]), ..right.clone() }, "delegation.scope"),
        (Forged { scope: scopes(&["admin"]), ..right.clone() }, "delegation.scope"),
        // Longer than its parent, though not than its lease.
        (Forged { not_after: at(301).as_secs(), ..right.clone() }, "delegation.expired"),
        (Forged { not_after: u64::MAX, ..right.clone() }, "delegation.expired"),
    ] {
        assert_eq!(code(read(&forged)), expected);
    }
    let origin = |forged: Forged| scene.read(&chain(&[&forged.link(&scene.agents[0])]), 0, 1);
    let right = Forged::right(&scene, 0, 1);
    let beyond = Forged { scope: scopes(&["admin"]), ..right.clone() };
    assert_eq!(code(origin(beyond)), "delegation.scope");
    let longer = Forged { not_after: at(541).as_secs(), ..right };
    assert_eq!(code(origin(longer)), "delegation.expired");
}

#[test]
fn a_spliced_chain_of_two_origins_is_refused() {
    let scene = Scene::new();
    // B was passed something on by A, and by D, who let it do more.
    let narrow = scene.begin(0, 1, &["read"]).unwrap();
    let wide = scene.begin(3, 1, &["book", "pay", "read"]).unwrap();
    let of_wide = scene.extend(&wide, (3, 1, 2), &["book"]).unwrap();
    let (from_a, from_d) = (links(&narrow).remove(0), links(&of_wide));
    let spliced = chain(&[&from_a.0, &from_d[1].0]);
    assert_eq!(code(scene.read(&spliced, 1, 2)), "delegation.chain");
    // The end alone is no chain either, and neither is one that begins again in the middle.
    assert_eq!(code(scene.read(&chain(&[&from_d[1].0]), 1, 2)), "delegation.chain");
    let begun = Forged::right(&scene, 1, 2).link(&scene.agents[1]);
    assert_eq!(code(scene.read(&chain(&[&from_a.0, &begun]), 1, 2)), "delegation.chain");
    // Two links of one origin that were not made in a row.
    let again = scene.begin(0, 1, &["pay", "read"]).unwrap();
    let narrowed = scene.extend(&again, (0, 1, 2), &["pay"]).unwrap();
    let mixed = chain(&[&from_a.0, &links(&narrowed)[1].0]);
    assert_eq!(code(scene.read(&mixed, 1, 2)), "delegation.chain");
}

#[test]
fn a_link_by_somebody_whom_it_was_not_for_is_refused() {
    let scene = Scene::new();
    // A passed on to B; D takes the link and goes on as if it had been for D.
    let (first, parent) = links(&scene.begin(0, 1, &["read"]).unwrap()).remove(0);
    let stolen = Forged { parent: Some(parent), ..Forged::right(&scene, 3, 2) };
    let stolen = chain(&[&first, &stolen.link(&scene.agents[3])]);
    assert_eq!(code(scene.read(&stolen, 3, 2)), "delegation.audience");
}

#[test]
fn a_loop_that_was_signed_all_the_same_is_refused() {
    let scene = Scene::new();
    let (first, parent) = links(&scene.begin(0, 1, &["read"]).unwrap()).remove(0);
    let back = Forged { parent: Some(parent), ..Forged::right(&scene, 1, 0) };
    let back = back.link(&scene.agents[1]);
    assert_eq!(code(scene.read(&chain(&[&first, &back]), 1, 0)), "delegation.chain");
    let parent = links(&chain(&[&first, &back]))[1].1;
    let round = Forged { parent: Some(parent), ..Forged::right(&scene, 0, 2) };
    let round = chain(&[&first, &back, &round.link(&scene.agents[0])]);
    assert_eq!(code(scene.read(&round, 0, 2)), "delegation.chain");
    let own = Forged::right(&scene, 0, 0).link(&scene.agents[0]);
    assert_eq!(code(scene.read(&chain(&[&own]), 0, 0)), "delegation.chain");
}

#[test]
fn a_statement_by_another_key_of_another_kind_or_about_another_lease_is_refused() {
    let scene = Scene::new();
    let (a, mallory) = (&scene.agents[0], &scene.agents[3]);
    let right = Forged::right(&scene, 0, 1);
    let by = |key: &[u8], signer: &Credentials, typ| {
        let signed = signer.identity().sign_typed(typ, &right.payload()).unwrap();
        code(scene.read(&chain(&[&of_parts(a.lease_bytes(), key, &signed)]), 0, 1))
    };
    let (of_a, of_mallory) = (a.identity().spki(), mallory.identity().spki());
    assert_eq!(by(of_mallory, mallory, TYP), "delegation.signature");
    assert_eq!(by(of_a, mallory, TYP), "delegation.signature");
    assert_eq!(by(of_a, a, "application/vnd.cloister.audit+cose"), "delegation.malformed");
    // A has a newer lease: what it said under the old one does not count beside the new one.
    let renewed = scene.world.renewed(a, 60);
    let under_old = right.link(&renewed);
    assert_eq!(code(scene.read(&chain(&[&under_old]), 0, 1)), "delegation.signature");
}

#[test]
fn every_bit_of_a_chain_counts_and_so_does_its_end() {
    let scene = Scene::new();
    let good = scene.passed_on();
    let genuine = scene.read(&good, 1, 2).unwrap();
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            let read = scene.read(&bad, 1, 2);
            assert!(read.is_err(), "byte {at}, bit {bit}: {:?}", read.map(|it| it == genuine));
        }
        assert!(scene.read(&good[..at], 1, 2).is_err(), "cut at {at}");
    }
    assert!(scene.read(&[good.as_slice(), &[0]].concat(), 1, 2).is_err());
}

#[test]
fn sizes_and_shapes_are_bounded() {
    let scene = Scene::new();
    let right = Forged::right(&scene, 0, 1);
    let link = right.link(&scene.agents[0]);
    let long: BTreeSet<String> = (0..65).map(|n| format!("scope-{n:03}")).collect();
    let many = Forged { scope: long, ..right.clone() }.link(&scene.agents[0]);
    let odd = |scope: &str| Forged { scope: scopes(&[scope]), ..right.clone() };
    for bad in [
        chain(&[]),
        b"\x9f\xff".to_vec(),
        vec![0; DELEGATION_BYTES_MAX + 1],
        chain(&[&many]),
        chain(&[&odd("").link(&scene.agents[0])]),
        chain(&[&odd("a\nb").link(&scene.agents[0])]),
        chain(&[&odd(&"x".repeat(129)).link(&scene.agents[0])]),
        chain(&[&Forged { audience: "b".into(), ..right.clone() }.link(&scene.agents[0])]),
        chain(&[&signed(&scene.agents[0], &[right.payload().as_slice(), &[0]].concat(), TYP)]),
    ] {
        assert_eq!(code(scene.read(&bad, 0, 1)), "delegation.malformed");
    }
    assert_eq!(code(scene.read(&chain(&[link.as_slice(); 5]), 0, 1)), "delegation.depth");
}
