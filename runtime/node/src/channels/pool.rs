//! The dialled channels that can be used again, by agent.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloister_channel::AgentName;
use tokio::sync::Mutex as AsyncMutex;

/// What a pool needs to know of a channel.
pub(super) trait Pooled {
    /// Whether a request may still be put on it.
    fn is_live(&self) -> bool;
    /// Whether it is live and need not be replaced yet.
    fn is_fresh(&self) -> bool;
}

/// One slot for each agent that was dialled.
#[derive(Debug)]
pub(super) struct Pool<C> {
    slots: Mutex<HashMap<AgentName, Arc<Slot<C>>>>,
}

impl<C> Default for Pool<C> {
    fn default() -> Self {
        Self { slots: Mutex::default() }
    }
}

/// The channel to one agent, and where the agent was last said to be.
#[derive(Debug)]
pub(super) struct Slot<C> {
    channel: Mutex<Option<Arc<C>>>,
    endpoints: Mutex<Vec<String>>,
    /// Held while somebody dials, so that a burst of requests makes one channel.
    pub(super) dialling: AsyncMutex<()>,
}

impl<C: Pooled> Pool<C> {
    /// The slot of `agent`. Slots that hold nothing and that nobody waits for are dropped first:
    /// their number is bounded by the open channels and the dials under way.
    pub(super) fn slot(&self, agent: &AgentName) -> Arc<Slot<C>> {
        let mut slots = lock(&self.slots);
        if !slots.contains_key(agent) {
            slots.retain(|_, slot| Arc::strong_count(slot) > 1 || slot.live().is_some());
        }
        Arc::clone(slots.entry(agent.clone()).or_insert_with(|| Arc::new(Slot::new())))
    }
}

impl<C: Pooled> Slot<C> {
    fn new() -> Self {
        Self {
            channel: Mutex::new(None),
            endpoints: Mutex::default(),
            dialling: AsyncMutex::new(()),
        }
    }

    /// The channel, if a request may be put on it.
    pub(super) fn live(&self) -> Option<Arc<C>> {
        lock(&self.channel).as_ref().filter(|channel| channel.is_live()).cloned()
    }

    /// The channel, if it need not be replaced yet.
    pub(super) fn fresh(&self) -> Option<Arc<C>> {
        lock(&self.channel).as_ref().filter(|channel| channel.is_fresh()).cloned()
    }

    /// Puts a newer channel in place. Streams on the older one run on.
    pub(super) fn put(&self, channel: Arc<C>) {
        *lock(&self.channel) = Some(channel);
    }

    /// Keeps where the agent is, for when the registry cannot be asked.
    pub(super) fn remember(&self, endpoints: &[String]) {
        lock(&self.endpoints).clone_from(&endpoints.to_vec());
    }

    /// Where the agent was last said to be.
    pub(super) fn remembered(&self) -> Vec<String> {
        lock(&self.endpoints).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU8, Ordering};

    use cloister_channel::AgentName;

    use super::{Pool, Pooled};

    /// 2 is fresh, 1 is live, 0 is neither.
    struct Fake(AtomicU8);

    impl Pooled for Fake {
        fn is_live(&self) -> bool {
            self.0.load(Ordering::Relaxed) > 0
        }

        fn is_fresh(&self) -> bool {
            self.0.load(Ordering::Relaxed) > 1
        }
    }

    fn name(text: &str) -> AgentName {
        AgentName::new(text).unwrap()
    }

    #[test]
    fn a_channel_is_offered_as_long_as_it_is_worth_it() {
        let pool = Pool::default();
        let slot = pool.slot(&name("a"));
        let channel = Arc::new(Fake(AtomicU8::new(2)));
        slot.put(Arc::clone(&channel));
        assert!(slot.fresh().is_some() && slot.live().is_some());
        channel.0.store(1, Ordering::Relaxed);
        assert!(slot.fresh().is_none() && slot.live().is_some());
        channel.0.store(0, Ordering::Relaxed);
        assert!(slot.live().is_none());
    }

    #[test]
    fn slots_without_a_live_channel_do_not_pile_up() {
        let pool: Pool<Fake> = Pool::default();
        pool.slot(&name("live")).put(Arc::new(Fake(AtomicU8::new(2))));
        let waited_for = pool.slot(&name("waited-for"));
        for count in 0..100 {
            drop(pool.slot(&name(&format!("nobody-{count}"))));
        }
        let names: Vec<_> = super::lock(&pool.slots).keys().map(ToString::to_string).collect();
        assert_eq!(names.len(), 3, "{names:?}");
        assert!(Arc::ptr_eq(&waited_for, &pool.slot(&name("waited-for"))));
        assert!(pool.slot(&name("live")).live().is_some());
    }
}
