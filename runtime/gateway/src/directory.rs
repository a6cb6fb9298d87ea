//! What is known of agents' interfaces, for a short time.

use core::future::Future;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::{Instant, timeout};

use crate::card::{CardError, Interfaces};
use crate::error::Cause;
use crate::limits::{CARD_AGE_MAX, CARD_FETCH_MAX, CARD_REFETCH_AFTER, CARDS_MAX};

/// How recent the answer has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// As recent as it has to be anyway.
    Remembered,
    /// Newer than what a request was just not found in.
    Renewed,
}

impl Freshness {
    const fn age_max(self) -> Duration {
        match self {
            Self::Remembered => CARD_AGE_MAX,
            Self::Renewed => CARD_REFETCH_AFTER,
        }
    }
}

/// One agent's interfaces, and when they were learnt.
#[derive(Debug)]
struct Known {
    interfaces: Arc<Interfaces>,
    at: Instant,
}

/// Held while a card is fetched, so that requests that arrive together fetch it once.
type Slot = Arc<tokio::sync::Mutex<Option<Known>>>;

/// The interfaces of agents, by a key that names one boot of one agent.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    slots: Mutex<HashMap<String, Slot>>,
}

impl Directory {
    /// The interfaces that are known under `key`, or that `fetch` brings.
    pub(crate) async fn interfaces(
        &self,
        key: &str,
        freshness: Freshness,
        fetch: impl Future<Output = Result<Interfaces, Cause>>,
    ) -> Result<Arc<Interfaces>, Cause> {
        let slot = self.slot(key);
        let mut known = slot.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.at.elapsed() < freshness.age_max())
        {
            return Ok(Arc::clone(&known.interfaces));
        }
        let fetched = timeout(CARD_FETCH_MAX, fetch).await;
        let interfaces = Arc::new(fetched.map_err(|_| Cause::Card(CardError::Late))??);
        *known = Some(Known { interfaces: Arc::clone(&interfaces), at: Instant::now() });
        Ok(interfaces)
    }

    fn slot(&self, key: &str) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= CARDS_MAX && !slots.contains_key(key) {
            // To forget costs one fetch for each agent that is still in use.
            slots.clear();
        }
        Arc::clone(slots.entry(key.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::{advance, sleep};

    use super::{CARD_AGE_MAX, CARD_FETCH_MAX, CARD_REFETCH_AFTER, Cause, Directory, Freshness};
    use crate::card::{CardError, Interfaces};

    /// Asks once, and says whether that fetched.
    async fn fetches(directory: &Directory, freshness: Freshness) -> bool {
        let count = AtomicUsize::new(0);
        let fetch = async {
            count.fetch_add(1, Ordering::Relaxed);
            Ok(Interfaces::default())
        };
        directory.interfaces("agent", freshness, fetch).await.unwrap();
        count.load(Ordering::Relaxed) > 0
    }

    #[tokio::test(start_paused = true)]
    async fn a_card_is_fetched_once_and_again_when_it_is_old() {
        let directory = Directory::default();
        assert!(fetches(&directory, Freshness::Remembered).await);
        assert!(!fetches(&directory, Freshness::Remembered).await);
        assert!(!fetches(&directory, Freshness::Renewed).await);
        advance(CARD_REFETCH_AFTER).await;
        assert!(!fetches(&directory, Freshness::Remembered).await);
        assert!(fetches(&directory, Freshness::Renewed).await);
        advance(CARD_AGE_MAX).await;
        assert!(fetches(&directory, Freshness::Remembered).await);
    }

    #[tokio::test(start_paused = true)]
    async fn requests_that_arrive_together_fetch_once() {
        let (directory, count) = (Directory::default(), AtomicUsize::new(0));
        let ask = || async {
            let fetch = async {
                count.fetch_add(1, Ordering::Relaxed);
                sleep(CARD_REFETCH_AFTER / 2).await;
                Ok(Interfaces::default())
            };
            directory.interfaces("agent", Freshness::Remembered, fetch).await.unwrap()
        };
        tokio::join!(ask(), ask(), ask());
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_card_that_does_not_come_is_an_error_and_not_remembered() {
        let directory = Directory::default();
        let never = async {
            sleep(CARD_FETCH_MAX * 2).await;
            Ok(Interfaces::default())
        };
        let late = directory.interfaces("agent", Freshness::Remembered, never).await;
        assert!(matches!(late, Err(Cause::Card(CardError::Late))));
        assert!(fetches(&directory, Freshness::Remembered).await);
    }
}
