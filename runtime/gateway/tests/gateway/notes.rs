//! A recorder that keeps its records, and fails or waits where a test says so.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use cloister_audit::record::{Operation, Outcome, ToolDrifted};
use cloister_gateway::{BoxFuture, RecordError, Recorder};
use tokio::sync::Semaphore;

#[derive(Debug)]
pub(crate) struct Notes {
    operations: Mutex<Vec<Operation>>,
    outcomes: Mutex<Vec<Outcome>>,
    drifts: Mutex<Vec<ToolDrifted>>,
    fails: AtomicBool,
    /// A permit for each record that may become durable.
    durable: Semaphore,
}

impl Default for Notes {
    fn default() -> Self {
        Self {
            operations: Mutex::default(),
            outcomes: Mutex::default(),
            drifts: Mutex::default(),
            fails: AtomicBool::new(false),
            durable: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }
}

impl Notes {
    /// From now on nothing can be put on record.
    pub(crate) fn fail(&self) {
        self.fails.store(true, Ordering::Relaxed);
    }

    /// From now on records wait for [`Self::proceed`].
    pub(crate) fn hold(&self) {
        self.durable.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn proceed(&self) {
        self.durable.add_permits(1);
    }

    /// All but for cards, which gateways fetch on their own account.
    pub(crate) fn operations(&self) -> Vec<Operation> {
        let operations = self.operations.lock().unwrap();
        operations.iter().filter(|operation| operation.name != "card").cloned().collect()
    }

    /// The outcomes of those.
    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        let operations = self.operations.lock().unwrap();
        let of_card = |outcome: &&Outcome| operations[outcome.of as usize].name == "card";
        let outcomes = self.outcomes.lock().unwrap();
        outcomes.iter().filter(|outcome| !of_card(outcome)).cloned().collect()
    }

    pub(crate) fn drifts(&self) -> Vec<ToolDrifted> {
        self.drifts.lock().unwrap().clone()
    }

    pub(crate) fn all_outcomes(&self) -> Vec<Outcome> {
        self.outcomes.lock().unwrap().clone()
    }

    /// The numbers of those operations.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        let operations = self.operations.lock().unwrap();
        let numbered = (0..).zip(operations.iter());
        numbered.filter(|(_, operation)| operation.name != "card").map(|(n, _)| n).collect()
    }

    /// The outcomes, once there are so many.
    pub(crate) async fn outcomes_of(&self, count: usize) -> Vec<Outcome> {
        while self.outcomes().len() < count {
            tokio::task::yield_now().await;
        }
        self.outcomes()
    }
}

impl Recorder for Notes {
    fn policy_epoch(&self) -> u64 {
        7
    }

    fn record(&self, operation: Operation) -> BoxFuture<'_, Result<u64, RecordError>> {
        Box::pin(async move {
            if self.fails.load(Ordering::Relaxed) {
                return Err(RecordError::new("no space left on device"));
            }
            let number = {
                let mut operations = self.operations.lock().unwrap();
                operations.push(operation);
                operations.len() as u64 - 1
            };
            self.durable.acquire().await.unwrap().forget();
            Ok(number)
        })
    }

    fn outcome(&self, outcome: Outcome) {
        self.outcomes.lock().unwrap().push(outcome);
    }

    fn drifted(&self, drift: ToolDrifted) {
        self.drifts.lock().unwrap().push(drift);
    }
}
