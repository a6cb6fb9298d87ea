//! The session proof against every schedule of one active adversary: see `MODEL.md`.
//!
//! Every test explores all reachable states. The first ones show that the whole proof stands; each
//! of the others takes one part out and shows the attack that the part is there for, under the very
//! powers of the adversary under which the whole proof stands.

mod network;
mod proof;
mod renewal;

use std::collections::BTreeSet;

use stateright::{Checker as _, Model as _};

use network::{Honest, World};
use proof::{Parts, Party};

const AUTHENTICATION: &str = "an accepted peer is who its lease says";
const INTENTION: &str = "an accepted peer is the agent that was meant";
const COMPLETION: &str = "two honest runtimes establish a session";

/// What exploration finds: attacks, and the honest run if there is one.
fn explore(world: World) -> BTreeSet<&'static str> {
    let checker = world.checker().spawn_bfs().join();
    assert!(checker.is_done());
    checker.discoveries().into_keys().collect()
}

fn attacks(world: World) -> BTreeSet<&'static str> {
    let mut found = explore(world);
    found.remove(COMPLETION);
    found
}

fn without(change: impl Fn(&mut Parts)) -> Parts {
    let mut parts = Parts::ALL;
    change(&mut parts);
    parts
}

/// `a` dials `b`, and `b` listens.
fn a_and_b() -> World {
    World {
        sessions: [Honest::dials(Party::A, 'b'), Honest::listens(Party::B)],
        parts: Parts::ALL,
        leaked: Vec::new(),
        collisions: false,
    }
}

#[test]
fn two_honest_runtimes_can_establish_a_session() {
    assert!(explore(a_and_b()).contains(COMPLETION));
}

/// Every pair of sessions. Who holds every channel key can do all that a holder of fewer can.
#[test]
fn the_whole_proof_stands_against_a_network_that_holds_every_channel_key() {
    let honest = [Party::A, Party::Twin, Party::B, Party::C];
    let dials = honest.into_iter().flat_map(|p| ['a', 'b', 'c', 'e'].map(|to| (p, to)));
    let dials = dials.map(|(party, to)| Honest::dials(party, to));
    let sides: Vec<_> = dials.chain(honest.map(Honest::listens)).collect();
    for (at, first) in sides.iter().copied().enumerate() {
        for second in sides[at..].iter().copied() {
            let sessions = [first, second];
            let world = World { sessions, leaked: honest.to_vec(), ..a_and_b() };
            assert_eq!(attacks(world.clone()), BTreeSet::new(), "{world:?}");
        }
    }
}

#[test]
fn without_the_exporter_a_relay_with_two_leaked_channel_keys_is_believed() {
    let world = World { leaked: vec![Party::A, Party::B], ..a_and_b() };
    assert_eq!(attacks(world.clone()), BTreeSet::new());
    let parts = without(|parts| parts.exporter = false);
    assert_eq!(attacks(World { parts, ..world }), BTreeSet::from([AUTHENTICATION]));
}

#[test]
fn without_the_role_a_runtime_believes_its_own_reflection() {
    // It dials another instance of its own agent.
    let sessions = [Honest::dials(Party::A, 'a'), Honest::listens(Party::B)];
    let world = World { sessions, leaked: vec![Party::A], ..a_and_b() };
    assert_eq!(attacks(world.clone()), BTreeSet::new());
    let parts = without(|parts| parts.role = false);
    assert_eq!(attacks(World { parts, ..world }), BTreeSet::from([AUTHENTICATION]));
}

#[test]
fn without_the_channel_keys_equal_exporters_pass_on_a_proof_made_for_eve() {
    let world = World { leaked: vec![Party::B], collisions: true, ..a_and_b() };
    assert_eq!(attacks(world.clone()), BTreeSet::new());
    let parts = without(|parts| parts.keys = false);
    assert_eq!(attacks(World { parts, ..world }), BTreeSet::from([AUTHENTICATION]));
}

/// Why the exporter is needed although the keys are there.
#[test]
fn the_channel_keys_alone_stop_a_relay_only_while_one_of_them_is_secret() {
    let parts = without(|parts| parts.exporter = false);
    let one = World { parts, leaked: vec![Party::B], ..a_and_b() };
    assert_eq!(attacks(one), BTreeSet::new());
}

#[test]
fn without_the_intended_agent_a_dial_is_diverted_to_another_genuine_runtime() {
    let sessions = [Honest::dials(Party::A, 'b'), Honest::listens(Party::C)];
    let world = World { sessions, ..a_and_b() };
    assert_eq!(attacks(world.clone()), BTreeSet::new());
    let parts = without(|parts| parts.intended = false);
    assert_eq!(attacks(World { parts, ..world }), BTreeSet::from([INTENTION]));
}

/// The model is not blind: an adversary who holds an identity key as well is that runtime.
#[test]
fn eve_is_believed_to_be_eve_and_nobody_else() {
    let sessions = [Honest::dials(Party::A, 'e'), Honest::listens(Party::B)];
    let world = World { sessions, ..a_and_b() };
    let checker = world.checker().spawn_bfs().join();
    checker.assert_no_discovery(AUTHENTICATION);
    let tapped = checker.unique_state_count();
    assert!(tapped > 1, "nothing was explored");
}
