//! One end of a connection, and what the simulation knows about it that the end does not.

use cloister_attestation::time::UnixTime;
use cloister_channel::{Decision, Role, Session, life, session};

use super::clock::Ms;
use super::link::{Aimed, Direction};
use super::open::Open;
use super::verifier::Boot;

#[derive(Debug)]
pub(super) struct End {
    pub(super) role: Role,
    pub(super) node: usize,
    pub(super) boot: Boot,
    pub(super) phase: Phase,
    /// The latest time that was given to it. Given times must not run backwards.
    given: UnixTime,
    /// It was given bytes that its peer did not send.
    pub(super) misled: bool,
    pub(super) decision: Option<Decision>,
    /// The Evidence that it made for this session.
    pub(super) made: Option<Vec<u8>>,
    pub(super) records: Records,
    /// Its node crashed: it is over without a record.
    pub(super) crashed: bool,
    /// Since when it is open although it must not be, by each rule.
    pub(super) overdue: [Option<Ms>; 3],
}

#[derive(Debug)]
pub(super) enum Phase {
    Proving(Box<Session>),
    Open(Box<Open>),
    /// Refused or closed.
    Over,
}

/// What an audit log would hold of one end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Records {
    pub(super) proven: usize,
    pub(super) decisions: usize,
    pub(super) established: usize,
    pub(super) refused: usize,
    pub(super) closed: usize,
    pub(super) renewals: usize,
    pub(super) renewals_decided: usize,
}

/// What happened at an end.
#[derive(Debug)]
pub(super) enum Happened {
    Session(session::Event),
    Life(life::Event),
}

impl End {
    pub(super) fn new(role: Role, node: usize, boot: Boot, session: Session) -> Self {
        Self {
            role,
            node,
            boot,
            phase: Phase::Proving(Box::new(session)),
            given: UnixTime::from_secs(0),
            misled: false,
            decision: None,
            made: None,
            records: Records::default(),
            crashed: false,
            overdue: [None; 3],
        }
    }

    /// The time to give, when the node's clock shows `shown`.
    pub(super) fn given(&mut self, shown: UnixTime) -> UnixTime {
        self.given = self.given.max(shown);
        self.given
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    pub(super) const fn open(&self) -> Option<&Open> {
        match &self.phase {
            Phase::Open(open) => Some(open),
            Phase::Proving(_) | Phase::Over => None,
        }
    }

    /// What the end has to say, proof or renewal, and what happened at it.
    pub(super) fn polled(&mut self) -> (Vec<Vec<u8>>, Vec<Happened>) {
        match &mut self.phase {
            Phase::Proving(session) => {
                let said = std::iter::from_fn(|| session.poll_transmit()).collect();
                let happened = std::iter::from_fn(|| session.poll_event());
                (said, happened.map(Happened::Session).collect())
            }
            Phase::Open(open) => {
                let said = std::iter::from_fn(|| open.life.poll_transmit()).collect();
                let happened = std::iter::from_fn(|| open.life.poll_event());
                (said, happened.map(Happened::Life).collect())
            }
            Phase::Over => Default::default(),
        }
    }

    /// Tells the end that its deadline has come, if it has, or that its runtime gives up.
    pub(super) fn timeout(&mut self, shown: UnixTime, patient: bool) {
        let now = self.given(shown);
        match &mut self.phase {
            Phase::Proving(session) if session.deadline().is_some_and(|at| at <= now) => {
                session.handle_timeout(now);
            }
            Phase::Proving(session) if !patient => session.handle_end(),
            // A life keeps to the latest time itself.
            Phase::Open(open) if open.life.deadline().is_some_and(|at| at <= shown) => {
                open.life.handle_timeout(shown);
            }
            Phase::Proving(_) | Phase::Open(_) | Phase::Over => {}
        }
    }
}

/// A connection between two nodes.
#[derive(Debug)]
pub(super) struct Connection {
    /// The initiator's end and the responder's.
    pub(super) ends: [End; 2],
    /// From the initiator and from the responder.
    pub(super) directions: [Direction; 2],
    /// What each side said last: its proof, and its renewal.
    pub(super) said: [[Option<Vec<u8>>; 2]; 2],
    /// What an adversary does.
    pub(super) attack: Option<Aimed>,
    /// Which of its wants the initiator dialled for.
    pub(super) want: usize,
    /// When it was made.
    pub(super) since: Ms,
    /// When the initiator last heard an answer.
    pub(super) answered: Option<Ms>,
}

impl Connection {
    pub(super) fn is_over(&self) -> bool {
        self.ends.iter().all(End::is_over)
    }
}

/// Where an end stands in its connection.
pub(super) const fn side(role: Role) -> usize {
    match role {
        Role::Initiator => 0,
        Role::Responder => 1,
    }
}
