//! What happens next.

use std::collections::BTreeMap;

use cloister_api::v1::WatchEvent;
use cloister_channel::session::EvidenceWanted;
use cloister_channel::{Decision, TrustBundle};

use super::clock::Ms;
use super::verifier::{Boot, Issued};
use super::weather::Fault;

#[derive(Debug)]
pub(super) enum Event {
    Fault(Fault),
    /// Faults stop.
    Calm,
    /// A node comes up.
    Up(usize),
    /// A node asks for a lease, if this is its latest intention.
    Apply(Who, u64),
    /// The request is at the Verifier.
    Judge(Who),
    /// The answer is at the node.
    Admit(Who, Box<Issued>),
    /// A node wants to follow changes.
    Watch(Who),
    /// A change is at a node, and the stream that it came by.
    Heard(Who, u64, WatchEvent),
    /// The whole bundle is at a node, by the stream that it was asked for.
    Fetched(Who, u64, Box<TrustBundle>),
    /// A node looks whether it has the channel for its want of this number.
    Want(Who, usize),
    /// Something is at the end of a connection that is on this side.
    Arrive(usize, usize),
    /// Hardware has signed Evidence, or has not, for the end of a connection on this side.
    Evidence(usize, usize, Box<EvidenceWanted>),
    /// Policy has decided at this side of a connection.
    Decide(usize, usize, Decision),
    /// Deadlines, keep-alive, invariants.
    Tick,
}

/// A boot of a node: what concerns an earlier one concerns nobody any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) node: usize,
    pub(super) boot: Boot,
}

/// Events by time, and by order of their making within one millisecond.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    events: BTreeMap<(Ms, u64), Event>,
    made: u64,
}

impl Schedule {
    pub(super) fn at(&mut self, time: Ms, event: Event) {
        self.made += 1;
        self.events.insert((time, self.made), event);
    }

    pub(super) fn next(&mut self) -> Option<(Ms, Event)> {
        self.events.pop_first().map(|((at, _), event)| (at, event))
    }
}
