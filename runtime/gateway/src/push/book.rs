//! The configurations that one end of the channel keeps, by their capabilities.
//!
//! What is in here is bounded: so many for each peer and altogether, each for as long as its task
//! lasts and a while longer, or until it has gone unused for a day.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloister_policy::Subject;
use tokio::time::Instant;

use super::capability::{Capability, Locator};
use super::error::PushError;
use super::seen::Seen;
use crate::limits::{PUSH_AFTER_TASK, PUSH_CONFIGS_MAX, PUSH_CONFIGS_OF_ONE_MAX, PUSH_UNUSED_MAX};
use crate::ownership::{Kind, Learner};

/// One boot of one agent's runtime: a configuration is for it and nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PeerId {
    pub(crate) agent: String,
    trust_domain: String,
    instance: String,
}

impl From<&Subject> for PeerId {
    fn from(subject: &Subject) -> Self {
        Self {
            agent: subject.agent.clone(),
            trust_domain: subject.trust_domain.clone(),
            instance: subject.instance.clone(),
        }
    }
}

/// What a configuration is bound to when it is made.
#[derive(Clone, Debug)]
pub(super) struct Bond {
    pub(super) peer: PeerId,
    /// Of the protocol.
    pub(super) version: &'static str,
    pub(super) task: Option<String>,
    /// The configuration's id.
    pub(super) id: Option<String>,
}

/// One configuration, and what its end knows about it.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    pub(super) capability: Capability,
    pub(super) peer: PeerId,
    pub(super) version: &'static str,
    state: Mutex<State>,
    pub(super) what: T,
}

#[derive(Debug)]
struct State {
    task: Option<String>,
    id: Option<String>,
    /// The agent that was asked has taken it, as far as this end has seen.
    confirmed: bool,
    used: Instant,
    ended: Option<Instant>,
    seen: Seen,
}

impl<T> Entry<T> {
    /// The task that it is for, once that is known.
    pub(super) fn task(&self) -> Option<String> {
        self.state().task.clone()
    }

    /// The configuration's id, once that is known.
    pub(super) fn id(&self) -> Option<String> {
        self.state().id.clone()
    }

    /// Whether it may be for a task: it is, or it is not known yet for which.
    pub(super) fn may_be_for(&self, task: &str) -> bool {
        self.state().task.as_ref().is_none_or(|known| known == task)
    }

    /// Makes it one for `task`, if it is for no other.
    pub(super) fn bind(&self, task: &str) -> Result<(), PushError> {
        let mut state = self.state();
        if state.task.get_or_insert_with(|| task.to_owned()) != task {
            return Err(PushError::OtherTask);
        }
        state.confirmed = true;
        state.used = Instant::now();
        Ok(())
    }

    /// Notes that the agent shows it, under this id.
    pub(super) fn confirm(&self, id: Option<&String>) {
        let mut state = self.state();
        state.confirmed = true;
        if state.id.is_none() {
            state.id = id.cloned();
        }
    }

    /// Notes that its task is over.
    pub(super) fn end(&self) {
        self.state().ended.get_or_insert_with(Instant::now);
    }

    /// The bodies that came lately.
    pub(super) fn with_seen<R>(&self, look: impl FnOnce(&mut Seen) -> R) -> R {
        look(&mut self.state().seen)
    }

    fn is_over(&self) -> bool {
        let state = self.state();
        state.used.elapsed() >= PUSH_UNUSED_MAX
            || state.ended.is_some_and(|ended| ended.elapsed() >= PUSH_AFTER_TASK)
    }

    /// Whether `id` names it among those of its task. One that was given without an id has, until
    /// an answer says otherwise, its task's: so official SDKs do it.
    fn is_named(&self, task: &str, id: &str) -> bool {
        let state = self.state();
        state.task.as_deref() == Some(task) && state.id.as_deref().unwrap_or(task) == id
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change leaves the state whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The configurations of one end.
#[derive(Debug)]
pub(crate) struct Book<T>(Mutex<HashMap<Locator, Arc<Entry<T>>>>);

impl<T> Default for Book<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Book<T> {
    /// Keeps one more.
    pub(super) fn add(&self, bond: Bond, what: T) -> Result<Arc<Entry<T>>, PushError> {
        let capability = Capability::generate().map_err(|_| PushError::Random)?;
        let mut entries = self.entries();
        entries.retain(|_, entry| !entry.is_over());
        let of_one = entries.values().filter(|entry| entry.peer == bond.peer).count();
        if of_one >= PUSH_CONFIGS_OF_ONE_MAX || entries.len() >= PUSH_CONFIGS_MAX {
            return Err(PushError::Full("another push notification configuration"));
        }
        let state = State {
            task: bond.task,
            id: bond.id,
            confirmed: false,
            used: Instant::now(),
            ended: None,
            seen: Seen::default(),
        };
        let Bond { peer, version, .. } = bond;
        let entry = Entry { capability, peer, version, state: Mutex::new(state), what };
        let entry = Arc::new(entry);
        // Two of one locator in 2^64: the earlier one is then over.
        entries.insert(entry.capability.locator(), Arc::clone(&entry));
        Ok(entry)
    }

    /// The one that a capability is for. It is compared in constant time.
    pub(super) fn find(&self, capability: &Capability) -> Option<Arc<Entry<T>>> {
        let found = self.entries().get(&capability.locator()).cloned();
        found.filter(|entry| entry.capability == *capability && !entry.is_over())
    }

    /// Whether it is still kept.
    pub(super) fn keeps(&self, entry: &Entry<T>) -> bool {
        self.find(&entry.capability).is_some()
    }

    /// Forgets what `id` names of a task of `peer`.
    pub(super) fn forget(&self, peer: &PeerId, task: &str, id: &str) {
        self.entries().retain(|_, entry| entry.peer != *peer || !entry.is_named(task, id));
    }

    /// Forgets those that `entry`, with the same task and id, has taken the place of.
    fn supersede(&self, entry: &Entry<T>) {
        let Some(task) = entry.task() else { return };
        let id = entry.id().unwrap_or_else(|| task.clone());
        self.entries().retain(|_, other| {
            other.capability == entry.capability
                || other.peer != entry.peer
                || !other.is_named(&task, &id)
        });
    }

    /// Forgets one.
    pub(super) fn remove(&self, entry: &Entry<T>) {
        self.entries().remove(&entry.capability.locator());
    }

    /// Forgets those of every boot of a runtime that `is_gone`.
    pub(super) fn forget_instances(&self, is_gone: impl Fn(&str) -> bool) {
        self.entries().retain(|_, entry| !is_gone(&entry.peer.instance));
    }

    pub(super) fn len(&self) -> usize {
        self.entries().len()
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Locator, Arc<Entry<T>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A configuration that was asked for and of which the answer is not there yet. Dropped without an
/// answer that speaks of it, it is forgotten.
#[derive(Debug)]
pub(crate) struct Asked<T> {
    book: Arc<Book<T>>,
    entry: Arc<Entry<T>>,
}

impl<T> Asked<T> {
    pub(super) const fn new(book: Arc<Book<T>>, entry: Arc<Entry<T>>) -> Self {
        Self { book, entry }
    }
}

/// What the answer to a sent message says that the message made.
impl<T: Send + Sync + 'static> Learner for Asked<T> {
    fn learn(&mut self, kind: Kind, id: &str) {
        if kind == Kind::Task && self.entry.bind(id).is_err() {
            tracing::warn!("a message was answered with another task than its notifications name");
        }
    }

    fn is_complete(&self) -> bool {
        self.entry.state().confirmed
    }
}

impl<T> Drop for Asked<T> {
    fn drop(&mut self) {
        if self.entry.state().confirmed {
            self.book.supersede(&self.entry);
        } else {
            self.book.remove(&self.entry);
        }
    }
}

#[cfg(test)]
mod tests;
