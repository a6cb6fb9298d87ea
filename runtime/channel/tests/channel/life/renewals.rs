//! Honest renewals.

use std::sync::Arc;

use cloister_attestation::result::Tier;
use cloister_channel::life::{Ending, RenewalError, Whose};
use cloister_channel::session::Misuse;
use cloister_channel::{Decision, Role};
use cloister_domain::world::{NOW, at};

use super::{Pair, accept, asked, ended, open, question, quiet, said};

#[test]
fn a_life_knows_what_its_session_established() {
    let mut pair = Pair::new();
    assert_eq!((pair.initiator.role(), pair.responder.role()), (Role::Initiator, Role::Responder));
    assert_eq!(pair.initiator.lease(), pair.b.lease());
    assert_eq!(pair.initiator.own_lease(), pair.a.lease());
    assert_eq!(&pair.initiator.peer().agent, pair.b.agent());
    assert_eq!((pair.initiator.established_at(), pair.initiator.deadline()), (NOW, Some(at(540))));
    assert_eq!(pair.responder.take_first_bytes(), b"P");
    open(&mut pair.initiator);
}

#[test]
fn a_channel_outlives_its_leases_by_renewal_in_both_directions() {
    let mut pair = Pair::new();
    for later in [500, 1000, 1500] {
        let now = at(later);
        let renewed = pair.world.renewed(&pair.a, 500);
        pair.initiator.renew(Arc::clone(&renewed), now).unwrap();
        let told = asked(&mut pair.responder, &said(&mut pair.initiator), now);
        assert_eq!(&told.lease, renewed.lease());
        accept(&mut pair.responder, now);
        pair.a = renewed;

        let renewed = pair.world.renewed(&pair.b, 500);
        pair.responder.renew(Arc::clone(&renewed), now).unwrap();
        let told = asked(&mut pair.initiator, &said(&mut pair.responder), now);
        assert_eq!(told.peer.lease_expires_at, at(later + 540));
        accept(&mut pair.initiator, now);
        pair.b = renewed;

        for life in [&mut pair.initiator, &mut pair.responder] {
            life.handle_timeout(now);
            open(life);
            assert_eq!(life.deadline(), Some(at(later + 540)));
        }
        assert_eq!(pair.initiator.lease(), pair.responder.own_lease());
        assert_eq!(pair.responder.lease(), pair.initiator.own_lease());
    }
}

#[test]
fn the_channel_key_and_the_verdict_of_the_verifier_may_change() {
    let mut pair = Pair::new();
    let renewed = pair.world.renewed_with(&pair.a, 60, |claims| {
        claims.tier = Tier::Warning;
        claims.policy_epoch = 4;
        claims.not_asserted.clear();
    });
    assert_ne!(renewed.channel().thumbprint(), pair.a.channel().thumbprint());
    pair.initiator.renew(renewed, NOW).unwrap();
    let told = asked(&mut pair.responder, &said(&mut pair.initiator), NOW);
    assert_eq!((told.peer.tier, told.peer.policy_epoch), (Tier::Warning, 4));
    assert_eq!(pair.responder.peer().tier, Tier::Affirming, "not before it is accepted");
    accept(&mut pair.responder, NOW);
    assert_eq!(pair.responder.peer(), &told.peer);
}

#[test]
fn until_it_is_decided_the_old_lease_counts() {
    let mut pair = Pair::new();
    let message = pair.a_renews(60);
    // The other lease of this end ends at the same time, and not before.
    pair.b = pair.world.renewed(&pair.b, 60);
    pair.responder.renew(Arc::clone(&pair.b), NOW).unwrap();
    asked(&mut pair.responder, &message, NOW);
    assert_eq!(pair.responder.deadline(), Some(at(540)));
    pair.responder.handle_timeout(at(539));
    open(&mut pair.responder);
    pair.responder.handle_timeout(at(540));
    assert!(matches!(ended(&mut pair.responder), Ending::LeaseEnded { .. }));

    let mut pair = Pair::new();
    let message = pair.a_renews(60);
    asked(&mut pair.responder, &message, NOW);
    pair.responder.decide(Decision::Accept, at(540)).unwrap();
    assert!(matches!(ended(&mut pair.responder), Ending::LeaseEnded { .. }), "too late");
}

#[test]
fn a_new_lease_that_ended_before_the_decision_does_not_count() {
    let mut pair = Pair::new();
    let short = pair.world.renewed_with(&pair.a, 60, |claims| claims.expires_at = at(5));
    pair.initiator.renew(short, NOW).unwrap();
    asked(&mut pair.responder, &said(&mut pair.initiator), NOW);
    accept(&mut pair.responder, at(5));
    let ending = Ending::LeaseEnded { whose: Whose::Peer, expires_at: at(5) };
    assert_eq!(ended(&mut pair.responder), ending);
}

#[test]
fn renewals_that_cross_are_both_taken() {
    let mut pair = Pair::new();
    let from_a = pair.a_renews(60);
    let b = pair.world.renewed(&pair.b, 90);
    pair.responder.renew(b, NOW).unwrap();
    let from_b = said(&mut pair.responder);
    asked(&mut pair.responder, &from_a, NOW);
    asked(&mut pair.initiator, &from_b, NOW);
    accept(&mut pair.responder, NOW);
    accept(&mut pair.initiator, NOW);
    assert_eq!(pair.initiator.deadline(), Some(at(600)));
    assert_eq!(pair.responder.deadline(), Some(at(600)));
}

#[test]
fn takes_a_renewal_one_byte_at_a_time() {
    let mut pair = Pair::new();
    let message = pair.a_renews(60);
    let (last, head) = message.split_last().unwrap();
    head.iter().for_each(|byte| quiet(&mut pair.responder, &[*byte]));
    asked(&mut pair.responder, &[*last], NOW);
    accept(&mut pair.responder, NOW);
    assert_eq!(pair.responder.lease(), pair.a.lease());
}

#[test]
fn a_second_renewal_waits_for_the_decision_about_the_first() {
    let mut pair = Pair::new();
    let (first, second) = (pair.a_renews(40), pair.a_renews(40));
    let told = asked(&mut pair.responder, &[first, second].concat(), NOW);
    open(&mut pair.responder);
    accept(&mut pair.responder, NOW);
    assert_eq!(pair.responder.lease(), &told.lease);
    assert_eq!(&question(&mut pair.responder).lease, pair.a.lease());
    assert_ne!(pair.responder.lease(), pair.a.lease());
    accept(&mut pair.responder, NOW);
    assert_eq!(pair.responder.lease(), pair.a.lease());
}

#[test]
fn what_was_shown_last_shown_again_says_nothing() {
    let mut pair = Pair::new();
    pair.initiator.renew(Arc::clone(&pair.a), NOW).unwrap();
    assert!(said(&mut pair.initiator).is_empty());
}

#[test]
fn credentials_that_a_peer_would_not_believe_are_not_sent_and_change_nothing() {
    let mut pair = Pair::new();
    let world = &pair.world;
    let other = world.runtime_with("a", pair.trust.anchors().clone(), |claims| {
        claims.issued_at = at(0);
    });
    let same_second = world.renewed(&pair.a, 0);
    let changed = world.renewed_with(&pair.a, 60, |claims| claims.version = "1.2.4".into());
    let cases = [
        (other, RenewalError::IdentityKey),
        (same_second, RenewalError::Older { replaced: at(-60), observed: at(-60) }),
        (changed, RenewalError::Changed { claim: "version" }),
    ];
    for (local, expected) in cases {
        assert_eq!(pair.initiator.renew(local, NOW), Err(expected));
    }
    let ended_already = world.renewed_with(&pair.a, 60, |claims| claims.expires_at = at(5));
    let refused = pair.initiator.renew(ended_already, at(5)).unwrap_err();
    assert!(matches!(refused, RenewalError::Lease(_)), "{refused:?}");
    assert!(said(&mut pair.initiator).is_empty());
    open(&mut pair.initiator);
    assert_eq!(pair.initiator.own_lease(), pair.a.lease());
}

#[test]
fn a_channel_that_has_ended_renews_nothing() {
    let mut pair = Pair::new();
    pair.initiator.handle_end();
    assert_eq!(ended(&mut pair.initiator), Ending::Closed);
    let renewed = pair.world.renewed(&pair.a, 60);
    let refused = pair.initiator.renew(Arc::clone(&renewed), NOW);
    assert_eq!(refused, Err(RenewalError::Misuse(Misuse::Over)));
    assert!(said(&mut pair.initiator).is_empty());
    // The lease of a live one is checked first, at the time of the call.
    assert!(pair.responder.renew(renewed, at(540)).is_err());
    assert!(matches!(ended(&mut pair.responder), Ending::LeaseEnded { .. }));
}

#[test]
fn decisions_that_nobody_asked_for_change_nothing() {
    let mut pair = Pair::new();
    for decision in [Decision::Accept, Decision::Refuse] {
        assert_eq!(pair.responder.decide(decision, NOW), Err(Misuse::NoVerdictAwaited));
    }
    open(&mut pair.responder);
}
