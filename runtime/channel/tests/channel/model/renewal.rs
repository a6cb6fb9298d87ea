//! Renewals against every schedule of an adversary who holds the traffic keys of the channel: see
//! `MODEL.md`.
//!
//! The channel is `a`'s, with `b` or with itself. `a` has another one with Eve, who sees what it says
//! there. Leases are public. What is explored is every order of issuing, saying, dropping, replaying
//! and putting together again.

use std::collections::BTreeSet;

use stateright::{Checker as _, Model, Property};

use super::proof::Role;

const AGREEMENT: &str = "an end believes what the other end said on this channel, in its order";
const COMPLETION: &str = "both ends renew twice";

/// Leases that a party is issued at most: the one that the session was proven with, and two more.
const LEASES_MAX: u8 = 3;

/// An honest runtime: whose identity key signs, and whom leases are for. Eve's own signature is
/// believed by nobody here, since each end holds the other's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Party {
    A,
    B,
}

/// The lease that a party was issued as its `number`th.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Lease {
    party: Party,
    number: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Channel {
    This,
    /// Between `a`, who dialled, and Eve.
    WithEve,
}

/// What an identity key signs. A part that is taken out is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Statement {
    role: Option<Role>,
    exporter: Option<Channel>,
    previous: Option<Lease>,
    lease: Option<Lease>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Message {
    lease: Lease,
    signed_by: Party,
    statement: Statement,
}

/// Which parts the statement has.
#[derive(Clone, Copy, Debug)]
struct Parts {
    role: bool,
    exporter: bool,
    previous: bool,
    lease: bool,
}

const WHOLE: Parts = Parts { role: true, exporter: true, previous: true, lease: true };

#[derive(Clone, Copy, Debug)]
struct World {
    parts: Parts,
    /// At the end that accepted; `a` dialled.
    responder: Party,
}

/// What has been said, and what is believed: the numbers of leases after the first, in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct State {
    /// How many leases `a` and `b` have been issued.
    issued: [u8; 2],
    /// On this channel, by the initiator and the responder.
    said: [Vec<u8>; 2],
    /// By `a`, to Eve.
    said_to_eve: Vec<u8>,
    /// At the initiator and the responder, of the other one.
    believed: [Vec<u8>; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Issue(Party),
    /// This end says that it has the latest lease of its party.
    Say(Role),
    SayToEve,
    /// The adversary puts this before an end, which believes it. What it does not believe ends the
    /// channel, and nothing is believed any more.
    Inject(Role, Message),
}

impl World {
    fn party(self, end: Role) -> Party {
        match end {
            Role::Initiator => Party::A,
            Role::Responder => self.responder,
        }
    }

    /// The statement for `leases[at]`, which replaces the one before it.
    fn statement(
        self,
        end: Role,
        exporter: Channel,
        leases: &[u8],
        at: usize,
        party: Party,
    ) -> Statement {
        let replaced = at.checked_sub(1).map_or(1, |before| leases[before]);
        let lease = |number| Lease { party, number };
        Statement {
            role: self.parts.role.then_some(end),
            exporter: self.parts.exporter.then_some(exporter),
            previous: self.parts.previous.then(|| lease(replaced)),
            lease: self.parts.lease.then(|| lease(leases[at])),
        }
    }

    /// Everything that an honest identity key has signed so far.
    fn signed(self, state: &State) -> Vec<(Party, Statement)> {
        let ends =
            Role::BOTH.map(|end| (end, Channel::This, &state.said[at(end)], self.party(end)));
        let eve = (Role::Initiator, Channel::WithEve, &state.said_to_eve, Party::A);
        let all = ends.into_iter().chain([eve]);
        all.flat_map(|(end, channel, said, party)| {
            (0..said.len()).map(move |n| (party, self.statement(end, channel, said, n, party)))
        })
        .collect()
    }

    /// Everything that the adversary can put together: each signed statement with each lease.
    fn known(self, state: &State) -> impl Iterator<Item = Message> {
        let issued = state.issued;
        let leases = [Party::A, Party::B].into_iter().flat_map(move |party| {
            (1..=issued[of(party)]).map(move |number| Lease { party, number })
        });
        let signed = self.signed(state);
        leases.flat_map(move |lease| {
            let signed = signed.clone().into_iter();
            signed.map(move |(signed_by, statement)| Message { lease, signed_by, statement })
        })
    }

    /// The checks of `life/renewal.rs` and `life/continuity.rs`.
    fn believes(self, state: &State, end: Role, message: &Message) -> bool {
        let peer = self.party(end.peer());
        let believed = &state.believed[at(end)];
        let counts = believed.last().copied().unwrap_or(1);
        let after = [believed.as_slice(), &[message.lease.number]].concat();
        let expected = self.statement(end.peer(), Channel::This, &after, believed.len(), peer);
        message.lease.party == peer
            && message.lease.number > counts
            && message.signed_by == peer
            && message.statement == expected
    }
}

const fn at(end: Role) -> usize {
    match end {
        Role::Initiator => 0,
        Role::Responder => 1,
    }
}

const fn of(party: Party) -> usize {
    match party {
        Party::A => 0,
        Party::B => 1,
    }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let none = || [Vec::new(), Vec::new()];
        let state =
            State { issued: [1; 2], said: none(), said_to_eve: Vec::new(), believed: none() };
        vec![state]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let has_news =
            |said: &[u8], party| said.last().copied().unwrap_or(1) < state.issued[of(party)];
        let issuable =
            [Party::A, Party::B].into_iter().filter(|p| state.issued[of(*p)] < LEASES_MAX);
        actions.extend(issuable.map(Action::Issue));
        if has_news(&state.said_to_eve, Party::A) {
            actions.push(Action::SayToEve);
        }
        for end in Role::BOTH {
            if has_news(&state.said[at(end)], self.party(end)) {
                actions.push(Action::Say(end));
            }
            let believed = self.known(state).filter(|message| self.believes(state, end, message));
            actions.extend(believed.map(|message| Action::Inject(end, message)));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Issue(party) => state.issued[of(party)] += 1,
            Action::Say(end) => {
                let lease = state.issued[of(self.party(end))];
                state.said[at(end)].push(lease);
            }
            Action::SayToEve => state.said_to_eve.push(state.issued[of(Party::A)]),
            Action::Inject(end, message) => state.believed[at(end)].push(message.lease.number),
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(AGREEMENT, |_: &Self, state: &State| {
                Role::BOTH
                    .into_iter()
                    .all(|end| state.said[at(end.peer())].starts_with(&state.believed[at(end)]))
            }),
            Property::sometimes(COMPLETION, |_: &Self, state: &State| {
                state.believed.iter().all(|believed| believed.len() == 2)
            }),
        ]
    }
}

fn explore(world: World) -> BTreeSet<&'static str> {
    let checker = world.checker().spawn_bfs().join();
    assert!(checker.is_done());
    checker.discoveries().into_keys().collect()
}

/// With `b`, or of `a` with itself.
fn with(responder: Party) -> World {
    World { parts: WHOLE, responder }
}

/// The whole statement stands; without the part it does not.
fn is_needed(world: World, change: impl FnOnce(&mut Parts)) {
    assert_eq!(explore(world), BTreeSet::from([COMPLETION]));
    let mut parts = WHOLE;
    change(&mut parts);
    let found = explore(World { parts, ..world });
    assert!(found.contains(AGREEMENT), "{found:?}");
}

#[test]
fn the_whole_statement_stands_and_lets_both_ends_renew() {
    for responder in [Party::A, Party::B] {
        assert_eq!(explore(with(responder)), BTreeSet::from([COMPLETION]));
    }
}

#[test]
fn without_the_exporter_a_renewal_said_to_eve_is_believed_here() {
    is_needed(with(Party::B), |parts| parts.exporter = false);
}

#[test]
fn without_the_role_a_runtime_that_dialled_itself_believes_its_own_renewal() {
    is_needed(with(Party::A), |parts| parts.role = false);
}

#[test]
fn without_the_previous_lease_a_renewal_can_be_left_out() {
    is_needed(with(Party::B), |parts| parts.previous = false);
}

#[test]
fn without_the_new_lease_another_one_is_put_in_its_place() {
    is_needed(with(Party::B), |parts| parts.lease = false);
}

/// Between two runtimes the identity keys already tell the ends apart.
#[test]
fn the_role_is_needed_only_where_both_ends_hold_one_identity_key() {
    let parts = Parts { role: false, ..WHOLE };
    assert_eq!(explore(World { parts, ..with(Party::B) }), BTreeSet::from([COMPLETION]));
}
