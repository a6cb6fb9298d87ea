//! A verdict with its stream: what HTTP is put on.

use std::sync::Arc;

use cloister_channel::{Established, Life};
use cloister_policy::Direction;
use tracing::info;

use super::end::End;
use super::judge::Judge;
use super::keeper::Keeper;
use super::replay::Replay;
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
        let (known, judge) = (registration.known(), Arc::clone(judge));
        let mut keeper = Keeper::new(life, (channel, direction), known, judge, Arc::clone(state));
        keeper.begin(&latest)?;
        state.audit().opened(&facts);
        state.events().key_exchanges.add_one(facts.group);
        info!(peer = facts.peer.agent, instance = facts.peer.instance, direction = direction.as_str(), key_exchange = facts.group, lease_ends = %facts.ends(), "channel opened");
        let (stream, usage) = (Replay::new(first, stream), Usage::default());
        Ok(Self { stream, registration, keeper, usage, state: Arc::clone(state) })
    }
}

/// Records that a channel ended.
pub(super) fn ended(facts: &Facts, end: End, state: &State) {
    state.audit().ended(facts, end.as_str());
    state.events().ends.add_one(end.as_str());
    info!(
        peer = facts.peer.agent,
        instance = facts.peer.instance,
        direction = facts.direction.as_str(),
        key_exchange = facts.group,
        reason = end.as_str(),
        "channel ended"
    );
}
