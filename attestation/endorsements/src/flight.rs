//! One request a document at a time: who comes later waits, and then finds it kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

type Turns = HashMap<String, Arc<tokio::sync::Mutex<()>>>;

/// The keys that are being fetched.
#[derive(Debug, Default)]
pub(crate) struct Flights(Mutex<Turns>);

/// The turn to fetch one key. Dropping it lets the next one try, also when its holder gave up.
#[derive(Debug)]
pub(crate) struct Flight<'a> {
    flights: &'a Flights,
    key: String,
    turn: Option<OwnedMutexGuard<()>>,
}

impl Flights {
    pub(crate) async fn enter(&self, key: &str) -> Flight<'_> {
        let turn = Arc::clone(self.turns().entry(key.to_owned()).or_default());
        let mut flight = Flight { flights: self, key: key.to_owned(), turn: None };
        flight.turn = Some(turn.lock_owned().await);
        flight
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.turn = None;
        let mut turns = self.flights.turns();
        // Nobody waits: the map alone holds it.
        if turns.get(&self.key).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            turns.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::Flights;

    #[tokio::test]
    async fn one_key_has_one_turn_and_leaves_nothing_behind() {
        let flights = Flights::default();
        let first = flights.enter("a").await;
        assert!(flights.enter("a").now_or_never().is_none(), "and giving up leaves nothing");
        let other = flights.enter("b").now_or_never().unwrap();
        drop(first);
        drop(flights.enter("a").now_or_never().unwrap());
        drop(other);
        assert!(flights.turns().is_empty());
    }
}
