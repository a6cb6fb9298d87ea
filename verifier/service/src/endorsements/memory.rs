//! What was seen of documents that are issued again and again: nothing goes back, nor does time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cloister_attestation::anchor::Anchors;
use cloister_attestation::check::Check;
use cloister_attestation::publication::{Issue, TcbUpdate};

use super::ROLLBACK;
use crate::clock::Clock;
use crate::store::{Seen, Store, StoreError};

/// The newest issue of every document that Evidence was verified with, in the database and at
/// hand. Raises the service's clock to the newest date: who signs at a time proves that it came.
#[derive(Debug)]
pub struct RollbackMemory {
    /// Begins every key: another root or another evaluation has issues of its own.
    scope: String,
    seen: Mutex<HashMap<String, Seen>>,
    store: Store,
    clock: Clock,
}

impl RollbackMemory {
    /// Reads what was seen before, and raises `clock` accordingly.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open(
        store: Store,
        clock: Clock,
        anchors: &Anchors,
        update: TcbUpdate,
    ) -> Result<Self, StoreError> {
        let root = match anchors.simulator_fingerprint() {
            None => "vendor".to_owned(),
            Some(fingerprint) => format!("simulator {fingerprint}"),
        };
        let seen: HashMap<String, Seen> = store.issues().await?.into_iter().collect();
        seen.values().for_each(|seen| clock.raise(seen.issued_at));
        let scope = format!("{root} {}", update.word());
        Ok(Self { scope, seen: Mutex::new(seen), store, clock })
    }

    /// Takes `issues` for seen, unless one of them is before what was seen: then the checks say
    /// which, and nothing is remembered.
    ///
    /// # Security
    /// Only issues that were verified. What is not authentic must not raise anything.
    ///
    /// # Errors
    /// [`StoreError`]: nothing can be said about the issues then.
    pub async fn admit(&self, issues: &[Issue]) -> Result<Vec<Check>, StoreError> {
        let keyed: Vec<(String, Issue)> =
            issues.iter().map(|issue| (self.key(issue), *issue)).collect();
        if keyed.iter().all(|(key, issue)| self.entries().get(key) == Some(&issue.into())) {
            return Ok(Vec::new());
        }
        // The database decides: another replica may have seen more.
        let known = self.store.see(&keyed).await?;
        let refused: Vec<Check> = keyed.iter().zip(&known).filter_map(older).collect();
        let mut entries = self.entries();
        for ((key, issue), seen) in keyed.into_iter().zip(known) {
            let newest = if refused.is_empty() { seen.and(&issue) } else { seen };
            self.clock.raise(newest.issued_at);
            entries.insert(key, newest);
        }
        Ok(refused)
    }

    fn key(&self, issue: &Issue) -> String {
        format!("{} {}", self.scope, issue.document)
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn older(((_, issue), seen): (&(String, Issue), &Seen)) -> Option<Check> {
    let seen = seen.as_issue(issue);
    issue.is_before(&seen).then(|| {
        let document = issue.document;
        let expected = format!("{document} not before {seen}");
        Check::decided(&ROLLBACK, false, expected, format!("{document} {issue}"))
    })
}
