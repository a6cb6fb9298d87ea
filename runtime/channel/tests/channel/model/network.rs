//! Two honest sessions, and an adversary who is the network.

use stateright::{Model, Property};

use super::proof::{Exporter, Message, Parts, Party, Role, Statement, View};

/// An honest session that runs once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Honest {
    pub(super) party: Party,
    pub(super) role: Role,
    /// The agent that it dials; its own where it listens.
    pub(super) intended: char,
}

impl Honest {
    pub(super) const fn dials(party: Party, agent: char) -> Self {
        Self { party, role: Role::Initiator, intended: agent }
    }

    pub(super) const fn listens(party: Party) -> Self {
        Self { party, role: Role::Responder, intended: party.agent() }
    }
}

/// What is explored: the sessions, the proof, and what the adversary has beside the network.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) sessions: [Honest; 2],
    pub(super) parts: Parts,
    /// Runtimes whose channel key has leaked; their identity key has not.
    pub(super) leaked: Vec<Party>,
    /// Whether the adversary can make the exporters of its connections agree.
    pub(super) collisions: bool,
}

/// Where one honest session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    Idle,
    /// Connected to the other honest session.
    Linked(Step),
    /// Connected to the adversary, who shows this runtime's certificate.
    Tapped(Party, Exporter, Step),
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    AwaitsProof,
    /// The responder has accepted and proved itself; it is established by the first byte.
    AwaitsFirstByte,
    Established,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    phases: [Phase; 2],
    /// Every message that the adversary has seen in the clear, in the order of arrival.
    seen: Vec<Message>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// The network carries one session's dial to the other session.
    Link,
    /// The adversary ends this session's connection itself, with this runtime's certificate.
    Tap(usize, Party, Exporter),
    /// An honest message crosses the link to this session.
    Deliver(usize),
    /// The adversary sends a proof to this session, which believes it.
    Inject(usize, Message),
    /// The adversary sends this session something that it does not believe. What, makes no
    /// difference.
    Garbage(usize),
    /// A first application byte reaches this responder.
    FirstByte(usize),
}

impl World {
    /// Runtimes as which the adversary can end a TLS connection.
    fn wearable(&self) -> impl Iterator<Item = Party> + '_ {
        self.leaked.iter().copied().chain([Party::Eve])
    }

    fn view(&self, state: &State, session: usize) -> Option<View> {
        let honest = self.sessions[session];
        let (certificate, exporter) = match state.phases[session] {
            Phase::Idle | Phase::Refused => return None,
            Phase::Linked(_) => (self.sessions[1 - session].party, Exporter::Linked),
            Phase::Tapped(party, exporter, _) => (party, exporter),
        };
        let Honest { party: own, role, intended } = honest;
        Some(View { own, role, certificate, exporter, intended })
    }

    /// Everything that Eve's identity key could sign for a connection of this session.
    fn forged(&self, session: usize) -> impl Iterator<Item = Message> + '_ {
        let exporters = [Exporter::Linked, Exporter::Own(session), Exporter::Collided];
        let pairs = Party::ALL.into_iter().flat_map(|own| Party::ALL.map(|peer| (own, peer)));
        pairs.flat_map(move |keys| {
            exporters.into_iter().flat_map(move |exporter| {
                Role::BOTH.into_iter().flat_map(move |role| {
                    ['a', 'b', 'c', 'e'].map(|intended| {
                        let statement = Statement {
                            role: Some(role),
                            keys: Some(keys),
                            exporter: Some(exporter),
                            intended: Some(intended),
                        };
                        let statement = self.parts.of(statement);
                        Message { lease: Party::Eve, signed_by: Party::Eve, statement }
                    })
                })
            })
        })
    }

    /// What this session believes of all that the adversary has seen and can sign.
    fn believed<'a>(
        &'a self,
        state: &'a State,
        session: usize,
    ) -> impl Iterator<Item = Message> + 'a {
        let known = state.seen.iter().copied().chain(self.forged(session));
        let view = self.view(state, session);
        known.filter(move |message| view.is_some_and(|view| view.believes(message, self.parts)))
    }

    /// Takes `message` at `session`; what the responder says in answer goes to `seen` or stays on
    /// the link.
    fn take(&self, state: &mut State, session: usize, message: &Message) {
        let Some(view) = self.view(state, session) else { return };
        if !view.believes(message, self.parts) {
            state.phases[session] = Phase::Refused;
            return;
        }
        let next = match view.role {
            Role::Initiator => Step::Established,
            Role::Responder => Step::AwaitsFirstByte,
        };
        match &mut state.phases[session] {
            Phase::Linked(step) => *step = next,
            Phase::Tapped(_, _, step) => {
                *step = next;
                if view.role == Role::Responder {
                    self.overhear(state, &view);
                }
            }
            Phase::Idle | Phase::Refused => {}
        }
    }

    fn overhear(&self, state: &mut State, view: &View) {
        let message = view.message(self.parts);
        if !state.seen.contains(&message) {
            state.seen.push(message);
        }
    }

    /// What crosses the link to `session` next, if anything has been sent.
    fn on_link(&self, state: &State, session: usize) -> Option<Message> {
        let from = 1 - session;
        let sent = match (self.sessions[from].role, state.phases[from]) {
            (Role::Initiator, Phase::Linked(_)) => true,
            (Role::Responder, Phase::Linked(step)) => step != Step::AwaitsProof,
            (_, Phase::Idle | Phase::Refused | Phase::Tapped(..)) => false,
        };
        let view = self.view(state, from).filter(|_| sent)?;
        Some(view.message(self.parts))
    }

    fn linkable(&self) -> bool {
        self.sessions[0].role != self.sessions[1].role
    }
}

impl Model for World {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State { phases: [Phase::Idle; 2], seen: Vec::new() }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if self.linkable() && state.phases == [Phase::Idle; 2] {
            actions.push(Action::Link);
        }
        for session in 0..2 {
            match state.phases[session] {
                Phase::Refused => {}
                Phase::Idle => actions.extend(self.wearable().flat_map(|party| {
                    let collided = self.collisions.then_some(Exporter::Collided);
                    [Exporter::Own(session)]
                        .into_iter()
                        .chain(collided)
                        .map(move |exporter| Action::Tap(session, party, exporter))
                })),
                Phase::Linked(Step::AwaitsProof) => {
                    actions.extend(self.on_link(state, session).map(|_| Action::Deliver(session)));
                }
                Phase::Tapped(_, _, Step::AwaitsProof) => {
                    actions.push(Action::Garbage(session));
                    let believed = self.believed(state, session);
                    actions.extend(believed.map(|message| Action::Inject(session, message)));
                }
                Phase::Linked(Step::AwaitsFirstByte) => {
                    if state.phases[1 - session] == Phase::Linked(Step::Established) {
                        actions.push(Action::FirstByte(session));
                    }
                }
                Phase::Tapped(_, _, Step::AwaitsFirstByte) => {
                    actions.push(Action::FirstByte(session));
                }
                Phase::Linked(Step::Established) | Phase::Tapped(_, _, Step::Established) => {}
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Link => state.phases = [Phase::Linked(Step::AwaitsProof); 2],
            Action::Tap(session, party, exporter) => {
                state.phases[session] = Phase::Tapped(party, exporter, Step::AwaitsProof);
                let view = self.view(&state, session)?;
                // The end that dialled proves itself first.
                if view.role == Role::Initiator {
                    self.overhear(&mut state, &view);
                }
            }
            Action::Deliver(session) => {
                let message = self.on_link(&state, session)?;
                self.take(&mut state, session, &message);
            }
            Action::Inject(session, message) => self.take(&mut state, session, &message),
            Action::Garbage(session) => state.phases[session] = Phase::Refused,
            Action::FirstByte(session) => match &mut state.phases[session] {
                Phase::Linked(step) | Phase::Tapped(_, _, step) => *step = Step::Established,
                Phase::Idle | Phase::Refused => return None,
            },
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(super::AUTHENTICATION, |world: &Self, state| {
                (0..2).all(|session| world.is_authentic(state, session))
            }),
            Property::always(super::INTENTION, |world: &Self, state| {
                (0..2).all(|session| world.is_meant(state, session))
            }),
            Property::sometimes(super::COMPLETION, |_: &Self, state: &State| {
                state.phases == [Phase::Linked(Step::Established); 2]
            }),
        ]
    }
}

impl World {
    /// Who an accepted peer says it is, it is: behind an honest runtime's name stands that runtime.
    /// A responder has accepted as soon as it proves itself.
    fn is_authentic(&self, state: &State, session: usize) -> bool {
        match state.phases[session] {
            Phase::Tapped(peer, _, Step::AwaitsFirstByte | Step::Established) => peer == Party::Eve,
            Phase::Tapped(..) | Phase::Idle | Phase::Linked(_) | Phase::Refused => true,
        }
    }

    /// An accepted peer is the agent that the dialling side meant to reach.
    fn is_meant(&self, state: &State, session: usize) -> bool {
        let honest = self.sessions[session];
        match (state.phases[session], honest.role) {
            (Phase::Linked(Step::Established), Role::Initiator) => {
                self.sessions[1 - session].party.agent() == honest.intended
            }
            (Phase::Tapped(peer, _, Step::Established), Role::Initiator) => {
                peer.agent() == honest.intended
            }
            (Phase::Linked(Step::AwaitsFirstByte | Step::Established), Role::Responder) => {
                self.sessions[1 - session].intended == honest.party.agent()
            }
            _ => true,
        }
    }
}
