//! What verified before, by the digest of its bytes: bounded, and shared between clones.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloister_attestation::bytes::Digest48;

/// Room for a number of values that come back while they live.
///
/// # Security
/// A key is a digest over all of the bytes that the value was verified from. What may change while
/// a value is kept (dates, revocations) is checked by whoever takes it out.
#[derive(Debug)]
pub(crate) struct Remembered<V> {
    values: Arc<Mutex<HashMap<Digest48, V>>>,
    count_max: usize,
}

impl<V> Clone for Remembered<V> {
    fn clone(&self) -> Self {
        Self { values: Arc::clone(&self.values), count_max: self.count_max }
    }
}

impl<V: Clone> Remembered<V> {
    /// Room for `count_max` values.
    pub(crate) fn new(count_max: usize) -> Self {
        Self { values: Arc::default(), count_max }
    }

    pub(crate) fn find(&self, key: &Digest48) -> Option<V> {
        self.values().get(key).cloned()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.values().len()
    }

    /// Makes room by forgetting what is over, and every other value where that is not enough: with
    /// more peers than there is room for, some are found again.
    pub(crate) fn keep(&self, key: Digest48, value: V, is_over: impl Fn(&V) -> bool) {
        let mut values = self.values();
        if values.len() >= self.count_max {
            values.retain(|_, known| !is_over(known));
        }
        if values.len() >= self.count_max {
            let mut kept = false;
            values.retain(|_, _| {
                kept = !kept;
                kept
            });
        }
        values.insert(key, value);
    }

    fn values(&self) -> MutexGuard<'_, HashMap<Digest48, V>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
