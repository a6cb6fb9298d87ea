use core::time::Duration;
use std::sync::Arc;

use cloister_channel::{Credentials, InstanceId};
use cloister_policy::{Direction, Subject};

use cloister_gateway::subject;

use super::State;
use crate::channels::{Closing, Facts, Registration, VisitFacts};
use crate::phase::Phase;
use crate::testing::{World, state};

const LONG: Duration = Duration::from_secs(300);

fn phase(state: &State) -> Phase {
    *state.phase().borrow()
}

fn instance(credentials: &Credentials) -> InstanceId {
    credentials.lease().claims().instance()
}

/// A channel between two runtimes, in the table.
fn channel(state: &State, own: &Credentials, peer: &Credentials) -> Registration<Facts> {
    let peer_subject: Subject = subject(&peer.lease().into());
    let facts = Facts {
        channel: 0,
        direction: Direction::Inbound,
        peer: Arc::new(peer_subject),
        lease: Arc::new(peer.lease().clone()),
        own_lease: Arc::new(own.lease().clone()),
        group: "X25519MLKEM768",
        opened: state.clock().now(),
    };
    state.channels().enter(facts).unwrap()
}

#[test]
fn nothing_is_served_before_admission() {
    let (world, state) = (World::new(), state());
    assert!(state.standing().is_none());
    state.trust(world.trust(5, &[])).unwrap();
    assert!(state.standing().is_none() && state.latest().is_none());
    state.admit(world.runtime("me", LONG), world.trust(1, &[])).unwrap();
    assert!(state.standing().is_some());
    assert_eq!(phase(&state), Phase::Admitted);
}

#[test]
fn a_revoked_peer_loses_its_channels_and_nobody_else_does() {
    let (world, state) = (World::new(), state());
    let me = world.runtime("me", LONG);
    let (bad, good) = (world.runtime("bad", LONG), world.runtime("good", LONG));
    state.admit(Arc::clone(&me), world.trust(1, &[])).unwrap();
    let (to_bad, to_good) = (channel(&state, &me, &bad), channel(&state, &me, &good));
    state.trust(world.trust(2, &[instance(&bad)])).unwrap();
    assert_eq!(to_bad.notice().given(), Some(Closing::Revoked));
    assert_eq!(to_good.notice().given(), None);
    assert_eq!(state.events().channels_closed.total(), 1);
    assert_eq!(phase(&state), Phase::Admitted);
}

#[test]
fn a_revoked_runtime_loses_everything_at_once() {
    let (world, state) = (World::new(), state());
    let (me, peer) = (world.runtime("me", LONG), world.runtime("peer", LONG));
    state.admit(Arc::clone(&me), world.trust(1, &[])).unwrap();
    let open = channel(&state, &me, &peer);
    state.trust(world.trust(2, &[instance(&me)])).unwrap();
    assert_eq!(open.notice().given(), Some(Closing::Revoked));
    assert_eq!(phase(&state), Phase::Revoked);
    assert!(state.standing().is_none());
    // A refusal does not make it less revoked, and a new lease after the quarantine is a new start.
    state.refuse();
    assert_eq!(phase(&state), Phase::Revoked);
    state.admit(world.runtime("me", LONG), world.trust(3, &[])).unwrap();
    assert_eq!(phase(&state), Phase::Admitted);
}

#[test]
fn a_lease_that_ended_closes_every_channel_and_keeps_the_agent() {
    let (world, state) = (World::new(), state());
    let (me, peer) = (world.runtime("me", LONG), world.runtime("peer", LONG));
    state.admit(Arc::clone(&me), world.trust(1, &[])).unwrap();
    let open = channel(&state, &me, &peer);
    state.clock().raise(me.lease().claims().expires_at);
    state.enforce();
    assert_eq!(open.notice().given(), Some(Closing::LeaseEnded));
    assert_eq!(phase(&state), Phase::Expired);
    assert!(phase(&state).runs_agent() && state.standing().is_none());
}

#[test]
fn standing_ends_with_the_lease_even_before_it_is_enforced() {
    let (world, state) = (World::new(), state());
    let me = world.runtime("me", LONG);
    state.admit(Arc::clone(&me), world.trust(1, &[])).unwrap();
    state.clock().raise(me.lease().claims().expires_at);
    assert!(state.standing().is_none());
}

#[test]
fn a_channel_ends_with_the_earlier_of_the_two_leases() {
    let (world, state) = (World::new(), state());
    let (me, peer) = (world.runtime("me", LONG), world.runtime("peer", Duration::from_secs(100)));
    state.admit(Arc::clone(&me), world.trust(1, &[])).unwrap();
    let open = channel(&state, &me, &peer);
    state.clock().raise(peer.lease().claims().expires_at);
    state.enforce();
    assert_eq!(open.notice().given(), Some(Closing::LeaseEnded));
    assert_eq!(phase(&state), Phase::Admitted);
}

#[test]
fn an_older_trust_bundle_does_not_bring_a_revoked_peer_back() {
    let (world, state) = (World::new(), state());
    let (me, bad) = (world.runtime("me", LONG), world.runtime("bad", LONG));
    state.admit(Arc::clone(&me), world.trust(1, &[])).unwrap();
    state.trust(world.trust(7, &[instance(&bad)])).unwrap();
    state.admit(me, world.trust(6, &[])).unwrap();
    let trust = Arc::clone(&state.standing().unwrap().trust);
    assert_eq!(trust.sequence(), 7);
    assert!(trust.revocation(&instance(&bad)).is_some());
}

#[test]
fn a_refused_renewal_leaves_a_live_lease_its_worth() {
    let (world, state) = (World::new(), state());
    state.refuse();
    assert_eq!(phase(&state), Phase::Refused);
    state.admit(world.runtime("me", LONG), world.trust(1, &[])).unwrap();
    state.refuse();
    assert_eq!(phase(&state), Phase::Admitted);
}

#[test]
fn a_stopping_runtime_stays_stopping() {
    let (world, state) = (World::new(), state());
    state.stop();
    state.admit(world.runtime("me", LONG), world.trust(1, &[])).unwrap();
    assert_eq!(phase(&state), Phase::Stopping);
    assert!(state.standing().is_none());
}

#[test]
fn a_lease_and_a_revocation_that_arrive_at_the_same_time_both_count() {
    let (world, state) = (World::new(), state());
    let mut me = world.runtime("me", LONG);
    state.admit(Arc::clone(&me), world.trust(1, &[])).unwrap();
    for sequence in 2..50 {
        me = world.0.renewed(&me, 1);
        let (lease, trust) = (Arc::clone(&me), world.trust(1, &[]));
        let (newer, together) = (world.trust(sequence, &[]), std::sync::Barrier::new(2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                together.wait();
                state.admit(lease, trust).unwrap();
            });
            together.wait();
            state.trust(newer).unwrap();
        });
        let standing = state.standing().unwrap();
        assert_eq!(standing.credentials.lease(), me.lease(), "the lease of round {sequence}");
        assert_eq!(standing.trust.sequence(), sequence);
    }
}

#[test]
fn a_lease_that_a_raised_epoch_overtook_is_not_served_and_one_of_the_new_epoch_is() {
    let (world, state) = (World::new(), state());
    let me = world.runtime("me", LONG);
    state.admit(Arc::clone(&me), world.trust(1, &[])).unwrap();
    // Issued under the epoch before, and on its way while the floor rises.
    let overtaken = world.0.renewed(&me, 1);
    let mut raised = world.trust(2, &[]);
    raised.raise_policy_epoch_floor(4);
    state.trust(raised).unwrap();
    assert_eq!(phase(&state), Phase::Expired);
    state.admit(Arc::clone(&overtaken), world.trust(1, &[])).unwrap();
    assert_eq!(phase(&state), Phase::Expired, "the answer brought an older bundle with it");
    assert!(state.standing().is_none());
    let fresh = world.0.renewed_with(&overtaken, 1, |claims| claims.policy_epoch = 4);
    state.admit(fresh, world.trust(2, &[])).unwrap();
    assert_eq!(phase(&state), Phase::Admitted);
    assert!(state.standing().is_some());
}

/// A visitor, in the table.
fn visit(state: &State, own: &Credentials) -> Registration<VisitFacts> {
    let facts = VisitFacts {
        visit: 0,
        from: ([192, 0, 2, 1], 4000).into(),
        own_lease: Arc::new(own.lease().clone()),
        group: "X25519MLKEM768",
        opened: state.clock().now(),
    };
    state.visits().enter(facts).unwrap()
}

#[test]
fn a_visit_ends_with_the_lease_that_it_was_begun_under_although_there_is_a_newer_one() {
    let (world, state) = (World::new(), state());
    let old = world.runtime("me", LONG);
    state.admit(Arc::clone(&old), world.trust(1, &[])).unwrap();
    let open = visit(&state, &old);
    state.admit(world.runtime("me", LONG * 2), world.trust(1, &[])).unwrap();
    assert_eq!(open.notice().given(), None);
    state.clock().raise(old.lease().claims().expires_at);
    state.enforce();
    assert_eq!(open.notice().given(), Some(Closing::LeaseEnded));
    assert_eq!(phase(&state), Phase::Admitted);
}

#[test]
fn a_revoked_runtime_loses_its_visitors_at_once() {
    let (world, state) = (World::new(), state());
    let me = world.runtime("me", LONG);
    state.admit(Arc::clone(&me), world.trust(1, &[])).unwrap();
    let open = visit(&state, &me);
    state.trust(world.trust(2, &[instance(&me)])).unwrap();
    assert_eq!(open.notice().given(), Some(Closing::Revoked));
}
