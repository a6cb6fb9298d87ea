//! A verdict with its stream: what HTTP is put on.

use std::sync::Arc;

use cloister_channel::session::SessionError;
use cloister_channel::{Established, Life};
use cloister_policy::Direction;
use tracing::info;

use super::end::End;
use super::judge::Judge;
use super::keeper::Keeper;
use super::replay::Replay;
use super::table::Known;
use super::usage::Usage;
use super::{ChannelError, Facts, Registration};
use crate::state::{Standing, State};

/// A stream that may carry HTTP: it has a verdict, stands in the table, and has a keeper.
#[derive(Debug)]
pub(super) struct Carrier<S> {
    pub(super) stream: Replay<S>,
    pub(super) registration: Registration<Facts>,
    pub(super) keeper: Keeper,
    pub(super) usage: Usage,
    pub(super) opened: Opened,
    pub(super) state: Arc<State>,
}

impl<S> Carrier<S> {
    /// Enters the channel into the table.
    ///
    /// # Errors
    /// [`ChannelError`] if there is no room, or if the permission was taken away meanwhile.
    pub(super) fn new(
        verdict: Established,
        stream: S,
        (state, standing): (&Arc<State>, &Standing),
        direction: Direction,
        judge: &Arc<Judge>,
    ) -> Result<Self, ChannelError> {
        let mut life = Life::new(verdict, Arc::clone(&standing.trust), state.clock().now());
        let first = life.take_first_bytes();
        let channel = state.audit().next_channel();
        let facts = Facts::of(channel, direction, &life);
        let registration = state.channels().enter(facts.clone()).ok_or(ChannelError::Full)?;
        // SECURITY: in this order. A revocation that arrived during the handshake is seen here; one
        // that arrives from now on finds the channel in the table.
        let latest = state.standing().ok_or(ChannelError::NotAdmitted)?;
        // And so is a policy that took the place of the one that decided.
        if !judge.keeps(direction, &facts.peer) {
            return Err(SessionError::Policy.into());
        }
        let (known, judge) = (registration.known(), Arc::clone(judge));
        let mut keeper = Keeper::new(life, (channel, direction), known, judge, Arc::clone(state));
        keeper.begin(&latest)?;
        let opened = Opened::new(&facts, registration.known(), Arc::clone(state));
        state.events().key_exchanges.add_one(facts.group);
        info!(peer = facts.peer.agent, instance = facts.peer.instance, direction = direction.as_str(), key_exchange = facts.group, lease_ends = %facts.ends(), "channel opened");
        let (stream, usage) = (Replay::new(first, stream), Usage::default());
        Ok(Self { stream, registration, keeper, usage, opened, state: Arc::clone(state) })
    }
}

/// A channel whose beginning is on record. Its end is as well, however it comes: one that is dropped
/// on the way broke.
#[derive(Debug)]
pub(super) struct Opened {
    known: Known<Facts>,
    state: Arc<State>,
    end: End,
}

impl Opened {
    fn new(facts: &Facts, known: Known<Facts>, state: Arc<State>) -> Self {
        state.audit().opened(facts);
        Self { known, state, end: End::Broken }
    }

    /// The channel ended.
    pub(super) fn over(mut self, end: End) {
        self.end = end;
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let (facts, reason) = (self.known.now(), self.end.as_str());
        self.state.audit().ended(&facts, reason);
        self.state.events().ends.add_one(reason);
        info!(
            peer = facts.peer.agent,
            instance = facts.peer.instance,
            direction = facts.direction.as_str(),
            key_exchange = facts.group,
            reason,
            "channel ended"
        );
    }
}
