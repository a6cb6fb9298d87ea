//! How many requests may wait for a channel: some for each peer, and some over all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts who waits, up to a bound.
#[derive(Debug)]
pub(super) struct Queue {
    most: usize,
    waiting: AtomicUsize,
}

impl Queue {
    pub(super) const fn new(most: usize) -> Self {
        Self { most, waiting: AtomicUsize::new(0) }
    }

    /// How many wait.
    pub(super) fn depth(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// A place, until it is dropped; `None` at once if there is none.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Place> {
        let more = |waiting: usize| (waiting < self.most).then_some(waiting.saturating_add(1));
        let entered = self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        entered.is_ok().then(|| Place(Arc::clone(self)))
    }
}

/// One who waits.
#[derive(Debug)]
pub(super) struct Place(Arc<Queue>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Queue;

    #[test]
    fn what_does_not_fit_is_refused_and_who_leaves_makes_room() {
        let queue = Arc::new(Queue::new(2));
        let (first, second) = (queue.enter().unwrap(), queue.enter().unwrap());
        assert!(queue.enter().is_none());
        drop(first);
        let third = queue.enter().unwrap();
        assert_eq!(queue.depth(), 2);
        drop((second, third));
        assert_eq!(queue.depth(), 0);
    }

    #[test]
    fn no_number_of_threads_gets_more_places_than_there_are() {
        let queue = Arc::new(Queue::new(5));
        let places: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..50).filter_map(|_| queue.enter()).collect::<Vec<_>>()))
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!((places.len(), queue.depth()), (5, 5));
    }
}
