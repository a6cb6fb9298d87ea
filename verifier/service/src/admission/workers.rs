//! Where Evidence is verified: off the threads that serve connections, a few at once.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::error::ServiceError;

/// Runs what takes a processor.
#[derive(Clone, Debug)]
pub(super) struct Workers(Arc<Semaphore>);

impl Workers {
    pub(super) fn new(at_once: usize) -> Self {
        Self(Arc::new(Semaphore::new(at_once)))
    }

    /// Waits for a place and runs `work`. The place is free again before anything is fetched.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let place = Arc::clone(&self.0).acquire_owned().await.map_err(|_| ServiceError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        done.await.map_err(|_| ServiceError::Defect)
    }
}
