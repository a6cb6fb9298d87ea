//! Publications that were verified in this process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloister_attestation::publication::Publication;
use cloister_attestation::time::UnixTime;

use crate::limits::MEMORY_ENTRIES_MAX;

/// Verified publications by key. Bounded: the one that was put in first goes first.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    by_key: HashMap<String, Kept>,
    in_order: VecDeque<String>,
}

/// One publication, and when it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) publication: Arc<Publication>,
    pub(crate) fetched_at: UnixTime,
}

impl Memory {
    pub(crate) fn find(&self, key: &str, now: UnixTime) -> Option<Kept> {
        let valid = |kept: &&Kept| now <= kept.publication.valid_until();
        self.entries().by_key.get(key).filter(valid).cloned()
    }

    pub(crate) fn keep(&self, key: &str, kept: Kept) {
        let mut entries = self.entries();
        if entries.by_key.insert(key.to_owned(), kept).is_none() {
            entries.in_order.push_back(key.to_owned());
        }
        if entries.in_order.len() > MEMORY_ENTRIES_MAX
            && let Some(oldest) = entries.in_order.pop_front()
        {
            entries.by_key.remove(&oldest);
        }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
