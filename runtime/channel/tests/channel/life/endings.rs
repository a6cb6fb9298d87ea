//! What ends a channel, beside a renewal that is not believed.

use std::sync::Arc;

use cloister_attestation::bytes::Digest48;
use cloister_attestation::policy::AnchorPolicy;
use cloister_channel::lease::LeaseError;
use cloister_channel::life::{Ending, Whose};
use cloister_channel::session::Misuse;
use cloister_channel::{Credentials, Decision, Life, TrustBundle, TrustDomain};
use cloister_domain::link::Link;
use cloister_domain::world::{NOW, World, at};

use super::{Pair, accept, asked, ended, open, said};

/// A pair in which the lease of one end is over at `at(5)`.
fn pair_with_a_short_lease(name: &str) -> Pair {
    let world = World::new();
    let runtime = |agent: &str| {
        world.runtime_with(agent, AnchorPolicy::Vendor, |claims| {
            if agent == name {
                claims.expires_at = at(5);
            }
        })
    };
    let (a, b) = (runtime("a"), runtime("b"));
    Pair::between(world, a, b)
}

#[test]
fn a_channel_ends_with_the_lease_of_either_end_at_both() {
    for name in ["a", "b"] {
        let mut pair = pair_with_a_short_lease(name);
        let (at_a, at_b) =
            if name == "a" { (Whose::Own, Whose::Peer) } else { (Whose::Peer, Whose::Own) };
        for (life, whose) in [(&mut pair.initiator, at_a), (&mut pair.responder, at_b)] {
            assert_eq!(life.deadline(), Some(at(5)));
            life.handle_timeout(at(4));
            open(life);
            life.handle_timeout(at(5));
            assert_eq!(ended(life), Ending::LeaseEnded { whose, expires_at: at(5) });
        }
    }
}

#[test]
fn whatever_comes_in_after_the_end_of_a_lease_is_not_taken() {
    let inputs: [fn(&mut Life, &Pair); 5] = [
        |life, _| life.handle_bytes(b"x", at(540)).unwrap(),
        |life, _| life.handle_bytes(b"", at(540)).unwrap(),
        |life, _| life.handle_timeout(at(540)),
        |life, pair| life.trust(Arc::clone(&pair.trust), at(540)),
        |life, pair| drop(life.renew(pair.world.renewed(&pair.b, 60), at(540))),
    ];
    for input in inputs {
        let (mut pair, spare) = (Pair::new(), Pair::new());
        let mut life = core::mem::replace(&mut pair.responder, spare.responder);
        input(&mut life, &pair);
        assert!(matches!(ended(&mut life), Ending::LeaseEnded { .. }));
    }
}

#[test]
fn a_decision_out_of_turn_takes_the_time_all_the_same() {
    let mut pair = Pair::new();
    assert_eq!(pair.responder.decide(Decision::Accept, at(540)), Err(Misuse::Over));
    assert!(matches!(ended(&mut pair.responder), Ending::LeaseEnded { .. }));
}

#[test]
fn a_clock_that_runs_backwards_prolongs_nothing() {
    let mut pair = Pair::new();
    pair.responder.handle_timeout(at(539));
    let message = pair.a_renews(60);
    asked(&mut pair.responder, &message, at(-400));
    // Judged and accepted at the latest time that was ever given.
    accept(&mut pair.responder, at(-400));
    assert_eq!(pair.responder.lease(), pair.a.lease());
    pair.responder.handle_timeout(at(540));
    pair.responder.handle_timeout(at(0));
    assert!(matches!(ended(&mut pair.responder), Ending::LeaseEnded { whose: Whose::Own, .. }));

    let mut pair = Pair::new();
    pair.initiator.handle_timeout(at(539));
    let short = pair.world.renewed_with(&pair.a, 60, |claims| claims.expires_at = at(539));
    assert!(pair.initiator.renew(short, NOW).is_err(), "it has ended by the latest time given");
}

fn revoked(whose: Whose, who: &Credentials) -> Ending {
    let instance = who.lease().claims().instance();
    Ending::Revoked { whose, instance, reason: "agent.retired".into() }
}

#[test]
fn a_revocation_ends_the_channel_at_once_at_both_ends() {
    let mut pair = Pair::new();
    let trust = pair.without(&pair.a);
    pair.responder.trust(Arc::clone(&trust), NOW);
    assert_eq!(ended(&mut pair.responder), revoked(Whose::Peer, &pair.a));
    pair.initiator.trust(trust, NOW);
    assert_eq!(ended(&mut pair.initiator), revoked(Whose::Own, &pair.a));
}

#[test]
fn a_revocation_takes_back_what_was_to_be_said_and_asked() {
    let mut pair = Pair::new();
    let message = pair.a_renews(60);
    pair.responder.handle_bytes(&message, NOW).unwrap();
    let renewed = pair.world.renewed(&pair.b, 60);
    pair.responder.renew(renewed, NOW).unwrap();
    pair.responder.trust(pair.without(&pair.a), NOW);
    assert_eq!(ended(&mut pair.responder), revoked(Whose::Peer, &pair.a));
}

#[test]
fn a_raised_policy_epoch_ends_channels_under_older_leases() {
    let mut pair = Pair::new();
    let raised = pair.changed(|parts| parts.policy_epoch_floor = 4);
    pair.responder.trust(Arc::clone(&raised), NOW);
    let whose = Whose::Peer;
    assert_eq!(ended(&mut pair.responder), Ending::PolicyEpoch { whose, floor: 4, observed: 3 });

    let mut pair = Pair::new();
    let raised = pair.changed(|parts| parts.policy_epoch_floor = 4);
    let of_epoch_4 = |local| pair.world.renewed_with(local, 60, |claims| claims.policy_epoch = 4);
    let (a, b) = (of_epoch_4(&pair.a), of_epoch_4(&pair.b));
    pair.initiator.renew(a, NOW).unwrap();
    pair.responder.renew(b, NOW).unwrap();
    let (from_a, from_b) = (said(&mut pair.initiator), said(&mut pair.responder));
    for (life, message) in [(&mut pair.initiator, from_b), (&mut pair.responder, from_a)] {
        asked(life, &message, NOW);
        accept(life, NOW);
        life.trust(Arc::clone(&raised), NOW);
        open(life);
    }
}

#[test]
fn an_older_trust_bundle_does_not_lift_a_revocation() {
    let mut pair = Pair::new();
    // Newer, and says nothing yet.
    pair.responder.trust(pair.changed(|parts| parts.sequence = 9), NOW);
    open(&mut pair.responder);
    // Older, and would say something: it is not taken.
    pair.responder.trust(pair.without(&pair.a), NOW);
    open(&mut pair.responder);
    // A renewal is judged by the newer one.
    let raised = pair.changed(|parts| (parts.sequence, parts.policy_epoch_floor) = (10, 3));
    pair.responder.trust(raised, NOW);
    pair.responder.trust(Arc::clone(&pair.trust), NOW);
    let message = pair.a_renews(60);
    asked(&mut pair.responder, &message, NOW);
}

#[test]
fn a_bundle_of_another_domain_or_kind_of_root_ends_the_channel() {
    let mut pair = Pair::new();
    let elsewhere =
        pair.changed(|parts| parts.trust_domain = TrustDomain::new("example.net").unwrap());
    pair.responder.trust(elsewhere, NOW);
    let ending = ended(&mut pair.responder);
    assert!(
        matches!(&ending, Ending::Untrusted { error: LeaseError::TrustDomain { .. }, .. }),
        "{ending:?}"
    );
    let anchors = AnchorPolicy::Simulator(Digest48::sha384(b"simulator"));
    let simulated = TrustBundle::new(pair.world.parts(), anchors).unwrap();
    pair.initiator.trust(Arc::new(simulated), NOW);
    let ending = ended(&mut pair.initiator);
    assert!(
        matches!(&ending, Ending::Untrusted { error: LeaseError::Anchor { .. }, .. }),
        "{ending:?}"
    );
}

#[test]
fn a_channel_whose_permission_went_during_the_handshake_ends_at_birth() {
    let pair = Pair::new();
    let link = Link::genuine(&pair.world, &pair.a, &pair.b);
    let (initiator, responder) = link.established(&pair.a, &pair.b, &pair.trust);
    let mut life = Life::new(responder, pair.without(&pair.a), NOW);
    assert_eq!(ended(&mut life), revoked(Whose::Peer, &pair.a));
    let mut life = Life::new(initiator, Arc::clone(&pair.trust), at(540));
    assert!(matches!(ended(&mut life), Ending::LeaseEnded { .. }));
}

#[test]
fn a_peer_whose_new_lease_policy_refuses_is_cut_off() {
    let mut pair = Pair::new();
    let message = pair.a_renews(60);
    asked(&mut pair.responder, &message, NOW);
    pair.responder.decide(Decision::Refuse, NOW).unwrap();
    assert_eq!(ended(&mut pair.responder), Ending::RenewalRefused);
    pair.initiator.handle_end();
    assert_eq!(ended(&mut pair.initiator), Ending::Closed);
}
