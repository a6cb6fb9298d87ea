//! What is counted about fetching.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use cloister_attestation::code::Code;

/// Counts since the start. They name services and codes, never machines.
#[derive(Debug, Default)]
pub struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
    fetched: AtomicU64,
    failures: Mutex<BTreeMap<&'static str, u64>>,
}

/// [`Counts`] at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Documents that were at hand.
    pub hits: u64,
    /// Documents that were not, or were due for a newer issue.
    pub misses: u64,
    /// Answers that verified.
    pub fetched: u64,
    /// Fetches that failed, by code.
    pub failures: BTreeMap<&'static str, u64>,
}

impl Counts {
    pub(crate) fn hit(&self) {
        self.hits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn miss(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn fetched(&self) {
        self.fetched.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self, code: &'static Code) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failures.entry(code.id).or_insert(0);
        *count = count.saturating_add(1);
    }

    /// The counts now.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            fetched: self.fetched.load(Ordering::Relaxed),
            failures: self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
