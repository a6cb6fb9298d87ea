//! A verdict with its stream: what HTTP is put on.

use std::sync::Arc;

use cloister_channel::{Credentials, Established};
use cloister_policy::Direction;

use tracing::info;

use super::end::End;
use super::replay::Replay;
use super::usage::Usage;
use super::{ChannelError, Facts, Registration};
use crate::clock::Clock;
use crate::metrics::Events;
use crate::state::State;

/// A stream that may carry HTTP: it has a verdict, and stands in the table.
#[derive(Debug)]
pub(super) struct Carrier<S> {
    pub(super) stream: Replay<S>,
    pub(super) registration: Registration<Facts>,
    pub(super) facts: Facts,
    pub(super) usage: Usage,
    pub(super) clock: Arc<Clock>,
    pub(super) events: Arc<Events>,
}

impl<S> Carrier<S> {
    /// Enters the channel into the table.
    ///
    /// # Errors
    /// [`ChannelError`] if there is no room, or if the permission was taken away meanwhile.
    pub(super) fn new(
        direction: Direction,
        mut verdict: Established,
        stream: S,
        own: &Credentials,
        state: &State,
    ) -> Result<Self, ChannelError> {
        let first = verdict.take_first_bytes();
        let facts = Facts::new(direction, &verdict, own.lease().clone());
        let registration =
            Arc::clone(state.channels()).enter(facts.clone()).ok_or(ChannelError::Full)?;
        // SECURITY: in this order. A revocation that arrived during the handshake is seen here; one
        // that arrives from now on finds the channel in the table.
        let standing = state.standing().ok_or(ChannelError::NotAdmitted)?;
        if let Some(reason) = facts.closing(&standing.trust, state.clock().now()) {
            return Err(ChannelError::Closed(Some(reason)));
        }
        state.events().key_exchanges.add_one(facts.group);
        info!(peer = facts.peer.agent, instance = facts.peer.instance, direction = direction.as_str(), key_exchange = facts.group, lease_ends = %facts.ends(), "channel opened");
        Ok(Self {
            stream: Replay::new(first, stream),
            registration,
            facts,
            usage: Usage::default(),
            clock: Arc::clone(state.clock()),
            events: Arc::clone(state.events()),
        })
    }
}

/// Records that a channel ended.
pub(super) fn ended(facts: &Facts, end: End, events: &Events) {
    events.ends.add_one(end.as_str());
    info!(
        peer = facts.peer.agent,
        instance = facts.peer.instance,
        direction = facts.direction.as_str(),
        reason = end.as_str(),
        "channel ended"
    );
}
