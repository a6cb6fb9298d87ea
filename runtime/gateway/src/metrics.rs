//! Counts, for whoever shows them.

use std::sync::atomic::{AtomicU64, Ordering};

use cloister_attestation::code::{Diagnostic, Fault};

use crate::error::Cause;

/// What became of requests, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Requests that were answered by the agent that they were for.
    pub carried: u64,
    /// Requests that a policy did not permit.
    pub denied: u64,
    /// Requests that were refused for what they are.
    pub refused: u64,
    /// Requests that could not be carried: an agent or a peer did not answer.
    pub failed: u64,
}

/// The running counts of one direction.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    carried: AtomicU64,
    denied: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

impl Metrics {
    pub(crate) fn carried(&self) {
        self.carried.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn not_carried(&self, cause: &Cause) {
        let counter = match (cause, cause.fault()) {
            (Cause::Denied { .. }, _) => &self.denied,
            (_, Fault::Caller) => &self.refused,
            _ => &self.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            carried: self.carried.load(Ordering::Relaxed),
            denied: self.denied.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}
