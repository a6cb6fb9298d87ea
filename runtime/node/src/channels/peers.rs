//! The peers that were dialled, each with its channel and what is known about dialling it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use cloister_channel::AgentName;

use super::ChannelError;
use super::breaker::{Breaker, BreakerState};
use super::budget::Budget;
use super::dialling::{Dialling, Outcome, Turn};
use super::queue::{Place, Queue};
use crate::config::Limits;
use crate::metrics::Events;
use crate::random;

/// What the peers need to know of a channel.
pub(crate) trait Pooled {
    /// Whether a request may still be put on it.
    fn is_live(&self) -> bool;
    /// Whether it is live and need not be replaced yet.
    fn is_fresh(&self) -> bool;
    /// Takes no more requests from now on; those on it run on.
    fn retire(&self);
}

/// Every peer that was dialled and is not forgotten.
#[derive(Debug)]
pub(crate) struct Peers<C> {
    known: Mutex<HashMap<AgentName, Arc<Peer<C>>>>,
    waiting: Arc<Queue>,
    waiting_per_peer_max: usize,
    events: Arc<Events>,
}

/// One peer.
#[derive(Debug)]
pub(super) struct Peer<C> {
    pub(super) name: AgentName,
    waiting: [Arc<Queue>; 2],
    events: Arc<Events>,
    inner: Mutex<Inner<C>>,
}

#[derive(Debug)]
struct Inner<C> {
    channel: Option<Arc<C>>,
    dialling: Option<Dialling<C>>,
    endpoints: Vec<String>,
    breaker: Breaker,
    budget: Budget,
}

impl<C: Pooled> Peers<C> {
    pub(crate) fn new(limits: &Limits, events: Arc<Events>) -> Self {
        Self {
            known: Mutex::default(),
            waiting: Arc::new(Queue::new(limits.waiting_max)),
            waiting_per_peer_max: limits.waiting_per_peer_max,
            events,
        }
    }

    /// What is known of `agent`. Peers of whom nothing is known that matters are forgotten first:
    /// what is kept is bounded by the open channels, the dials under way, and the registered agents
    /// that do not answer.
    pub(super) fn peer(&self, agent: &AgentName, now: Instant) -> Arc<Peer<C>> {
        let mut known = lock(&self.known);
        if !known.contains_key(agent) {
            known.retain(|_, peer| Arc::strong_count(peer) > 1 || !peer.is_forgettable(now));
        }
        let new = || {
            let own = Arc::new(Queue::new(self.waiting_per_peer_max));
            Arc::new(Peer {
                name: agent.clone(),
                waiting: [own, Arc::clone(&self.waiting)],
                events: Arc::clone(&self.events),
                inner: Mutex::new(Inner {
                    channel: None,
                    dialling: None,
                    endpoints: Vec::new(),
                    breaker: Breaker::default(),
                    budget: Budget::default(),
                }),
            })
        };
        Arc::clone(known.entry(agent.clone()).or_insert_with(new))
    }

    /// How many requests wait for a channel.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.depth()
    }

    /// Every peer with the state of its breaker, by name.
    pub(crate) fn breakers(&self) -> Vec<(String, BreakerState)> {
        let known = lock(&self.known);
        let mut breakers: Vec<_> = known
            .values()
            .map(|peer| (peer.name.to_string(), lock(&peer.inner).breaker.state()))
            .collect();
        breakers.sort();
        breakers
    }
}

impl<C: Pooled> Peer<C> {
    /// The channel, if a request may be put on it.
    pub(super) fn live(&self) -> Option<Arc<C>> {
        lock(&self.inner).channel.as_ref().filter(|channel| channel.is_live()).cloned()
    }

    /// A place among those that wait for a channel.
    ///
    /// # Errors
    /// [`ChannelError::Queue`] if there is none.
    pub(super) fn wait(&self) -> Result<[Place; 2], ChannelError> {
        let [own, all] = &self.waiting;
        match own.enter().zip(all.enter()) {
            Some((own, all)) => Ok([own, all]),
            None => {
                self.events.queue_refusals.add_one();
                Err(ChannelError::Queue(self.name.to_string()))
            }
        }
    }

    /// The dial under way, or the turn to make one.
    ///
    /// # Errors
    /// [`ChannelError::Breaker`] if the peer is to be left alone.
    pub(super) fn dial(
        self: &Arc<Self>,
        now: Instant,
    ) -> Result<(Dialling<C>, Option<Turn<C>>), ChannelError> {
        let mut inner = lock(&self.inner);
        if let Some(dialling) = &inner.dialling {
            return Ok((dialling.clone(), None));
        }
        inner.breaker.admit(now).map_err(|wait| {
            let agent = self.name.to_string();
            ChannelError::Breaker { agent, wait }
        })?;
        let (turn, dialling) = Turn::new(Arc::clone(self));
        inner.dialling = Some(dialling.clone());
        Ok((dialling, Some(turn)))
    }

    /// Takes the outcome of the dial into account. `None`: it was given up.
    pub(super) fn dialled(&self, outcome: Option<&Outcome<C>>, now: Instant) {
        let mut inner = lock(&self.inner);
        inner.dialling = None;
        match outcome {
            Some(Ok(channel)) => {
                inner.breaker.established();
                let older = inner.channel.replace(Arc::clone(channel));
                if let Some(older) = older {
                    older.retire();
                }
            }
            Some(Err(error)) if error.speaks_against_peer() => {
                if inner.breaker.failed(now, random::draw()) {
                    self.events.breaker_openings.add_one();
                }
            }
            Some(Err(_)) | None => inner.breaker.abandoned(now),
        }
    }

    /// A request was answered on `channel`.
    pub(super) fn answered(&self, channel: &Arc<C>) {
        let mut inner = lock(&self.inner);
        if inner.channel.as_ref().is_some_and(|latest| Arc::ptr_eq(latest, channel)) {
            inner.breaker.answered();
        }
    }

    /// `channel` broke under a request. Counts once for each channel.
    pub(super) fn broke(&self, channel: &Arc<C>, now: Instant) {
        let mut inner = lock(&self.inner);
        if inner.channel.take_if(|latest| Arc::ptr_eq(latest, channel)).is_some()
            && inner.breaker.failed(now, random::draw())
        {
            self.events.breaker_openings.add_one();
        }
    }

    /// A request is made for the first time.
    pub(super) fn requested(&self) {
        lock(&self.inner).budget.deposit();
    }

    /// Whether a request may be sent again.
    pub(super) fn may_retry(&self) -> bool {
        let granted = lock(&self.inner).budget.withdraw();
        let counter = if granted { &self.events.retries } else { &self.events.retries_refused };
        counter.add_one();
        granted
    }

    /// Keeps where the agent is, for when the registry cannot be asked.
    pub(super) fn remember(&self, endpoints: &[String]) {
        lock(&self.inner).endpoints.clone_from(&endpoints.to_vec());
    }

    /// Where the agent was last said to be.
    pub(super) fn remembered(&self) -> Vec<String> {
        lock(&self.inner).endpoints.clone()
    }

    fn is_forgettable(&self, now: Instant) -> bool {
        let inner = lock(&self.inner);
        let live = inner.channel.as_ref().is_some_and(|channel| channel.is_live());
        !live && inner.dialling.is_none() && inner.breaker.is_forgettable(now)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
